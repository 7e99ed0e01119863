import { randomBytes } from 'node:crypto'
import { findProgram } from '@sallyport/targets/find-program'
import { createLinuxAccount } from '@sallyport/targets/linux-account'
import type { Person } from '@sallyport/standalone/demo/person'
import { runSsh } from '@sallyport/targets/ssh-client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loginAt } from './support/door.ts'
import {
  changedOnce,
  opens,
  operationsOf,
  reveal,
  setPolicy,
  versionsOf,
  watchAccount,
} from './support/rotation.ts'
import {
  allow,
  type Guarded,
  guard,
  type Host,
  type LinuxHost,
  noLinuxHost,
  openLinuxHost,
  openStage,
  type Stage,
} from './support/stage.ts'
import { createSudoAccount } from './support/sudo-account.ts'

const stack = new AsyncDisposableStack()
let stage: Stage
let host: LinuxHost
let missing: string | undefined

beforeAll(async () => {
  missing = await noLinuxHost()
  if (missing) return
  stage = stack.use(await openStage())
  host = stack.use(await openLinuxHost())
})
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

type Scene = Host & { readonly tag: string; readonly guarded: Guarded; readonly user: Person }

/** A new account on the real host, guarded, and somebody who may use and see it. */
const scene = async (): Promise<Scene> => {
  const account = stack.use(await createLinuxAccount({ prefix: 'sp-e2e' }))
  const tag = `rotation-${randomBytes(3).toString('hex')}`
  const one: Host = { server: host.server, account }
  const guarded = await guard(stage.admin.api, one, tag)
  const user = await stage.person('alice')
  await allow(stage.admin.api, tag, [user], { view: { allowed: true }, session: { allowed: true } })
  return { ...one, tag, guarded, user }
}

/** One change was made, on the host and in the vault, and both know the same password. */
const expectChanged = async (at: Scene, trigger: string): Promise<void> => {
  const { api } = stage.admin
  expect(await changedOnce(api, at.guarded)).toMatchObject({ trigger, attempts: 1 })
  expect(await opens(at, at.account.password), 'the old password').toBe(false)
  const { secret } = await reveal(at.user.api, at.guarded)
  expect(await opens(at, secret), 'the password in the vault').toBe(true)
  expect(await versionsOf(api, at.guarded)).toMatchObject([{ state: 'retired' }, { state: 'current' }])
}

/** `id -un` on the host, through the proxy, as somebody with a connection of their own. */
const runThroughProxy = async (at: Scene, person: Person): Promise<string> => {
  const login = await loginAt(stage.platform, person, at.account, at.guarded)
  await using run = await runSsh(login, { command: ['id -un'] })
  expect(await run.exit, run.stderr().toString()).toBe(0)
  return run.stdout().toString().trim()
}

describe('the password of a real account', () => {
  it('is another one after a session; the next session opens with it', async () => {
    const at = await scene()
    using watched = watchAccount(at.account.username)
    await setPolicy(stage.admin.api, at.guarded, { afterSession: true })
    expect(await runThroughProxy(at, at.user)).toBe(at.account.username)
    await expectChanged(at, 'session')
    expect(watched.changes()).toBe(1)
    const other = await stage.person('bob')
    await allow(stage.admin.api, at.tag, [other], { session: { allowed: true } })
    expect(await runThroughProxy(at, other)).toBe(at.account.username)
  })

  it('is another one after somebody saw it', async () => {
    const at = await scene()
    await setPolicy(stage.admin.api, at.guarded, { afterReveal: true })
    expect((await reveal(at.user.api, at.guarded)).secret).toBe(at.account.password)
    await expectChanged(at, 'reveal')
  })

  it('is another one at the end of a window, when nothing else asked for a change', async () => {
    const at = await scene()
    const boss = await stage.person('boss', 'approver')
    const view = { allowed: true, justification: true, approvals: 1 }
    await allow(stage.admin.api, at.tag, [at.user], { view, approvers: [boss] })
    await setPolicy(stage.admin.api, at.guarded, { afterWindow: true })
    const { credentialId, deviceId } = at.guarded
    const request = await at.user.api.post<{ id: string; version: number }>('/requests', {
      credentialId,
      deviceId,
      action: 'view',
      justification: 'Ticket OPS-4711',
    })
    // A window has at least a minute; the most of this one is over when it is given.
    const end = Date.now() + 6_000
    const window = { start: new Date(end - 65_000).toISOString(), end: new Date(end).toISOString() }
    await boss.api.post(`/requests/${request.id}/approve`, window, { ifMatch: request.version })
    expect((await reveal(at.user.api, at.guarded)).secret).toBe(at.account.password)
    expect(await operationsOf(stage.admin.api, at.guarded)).toEqual([])
    expect(await changedOnce(stage.admin.api, at.guarded)).toMatchObject({ trigger: 'window' })
    expect(await opens(at, at.account.password)).toBe(false)
  })

  it('is another one on request', async () => {
    const at = await scene()
    await setPolicy(stage.admin.api, at.guarded)
    await stage.admin.api.post(`/credentials/${at.guarded.credentialId}/rotate`)
    await expectChanged(at, 'request')
  })

  it('is changed by a privileged account, whose own stays as it is', async context => {
    if (!(await findProgram('sudo'))) context.skip('needs sudo (Debian: sudo)')
    const at = await scene()
    const helper: Host = { server: host.server, account: stack.use(await createSudoAccount()) }
    const privileged = await guard(stage.admin.api, helper, `${at.tag}-privileged`)
    // The privileged account works on the device of the other one.
    const { version } = await stage.admin.api.get<{ version: number }>(
      `/credentials/${privileged.credentialId}`,
    )
    const deviceIds = [privileged.deviceId, at.guarded.deviceId]
    await stage.admin.api.patch(`/credentials/${privileged.credentialId}`, { deviceIds }, version)
    await setPolicy(stage.admin.api, at.guarded, {
      template: 'Linux: change with a privileged account',
      privilegedCredentialId: privileged.credentialId,
    })
    await stage.admin.api.post(`/credentials/${at.guarded.credentialId}/rotate`)
    await expectChanged(at, 'request')
    expect(await opens(helper, helper.account.password)).toBe(true)
  })

  it('is another one once its holder has given it back, whatever the policy says', async () => {
    const at = await scene()
    const { credentialId } = at.guarded
    const { version } = await stage.admin.api.get<{ version: number }>(`/credentials/${credentialId}`)
    await stage.admin.api.patch(`/credentials/${credentialId}`, { exclusiveCustody: true }, version)
    await setPolicy(stage.admin.api, at.guarded)
    const { secret, custodyId } = await reveal(at.user.api, at.guarded)
    expect(secret).toBe(at.account.password)
    await at.user.api.post(`/custodies/${custodyId}/check-in`)
    await expectChanged(at, 'custody')
  })
})
