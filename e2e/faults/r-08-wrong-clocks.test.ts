import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServiceName, serviceNames } from '@sallyport/identity/services'
import { connectApi } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import { counted, figure } from '@sallyport/testing/proof'
import { TOTP, URI } from 'otpauth'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loginAt } from '../support/door.ts'
import { type FalseClock, falseClock, noFalseClock } from '../support/false-clock.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import { shows } from '../support/seen.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, type Guarded, guard, type Host } from '../support/stage.ts'
import { connectSuperuserAt, type Superuser } from '../support/superuser.ts'

/** It stands still, and not so far away that certificates, which no database judges, would not be valid. */
const anHourAgo = new Date(Date.now() - 3_600_000).toISOString().slice(0, 19).replace('T', ' ')

/** Every way for a clock to be wrong. Each service has each of them once, while the others have the others. */
const wrongs = ['+3600', '-3600', '-600', anHourAgo] as const

const toleranceMs = 2_000
const stack = new AsyncDisposableStack()
const missing = noFalseClock()
let platform: Processes
let clocks: ReadonlyMap<ServiceName, FalseClock>
let superuser: Superuser
let admin: Person
let bob: Person
let host: Host
let web: Guarded
let latest = 0
let windows = 0

beforeAll(async () => {
  if (missing) return
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-clocks-'))
  stack.defer(() => rm(directory, { recursive: true }))
  const made = await Promise.all(
    serviceNames.map(async name => [name, await falseClock(directory, name)] as const),
  )
  clocks = new Map(made)
  // All the wrong codes come from one address.
  const limits = { SALLYPORT_LOGIN_TRIES_PER_SOURCE: '10000', SALLYPORT_GATEWAY_LIMIT_LOGIN: '10000' }
  const environment = Object.fromEntries(
    made.map(([name, clock]) => [name, { ...clock.environment, ...limits }]),
  )
  platform = stack.use(await startProcesses({ environment }))
  superuser = stack.use(await connectSuperuserAt(platform.postgres.adminUrl()))
  const { apiUrl, initialPassword } = platform
  admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  bob = await createPerson(admin.api, 'bob', 'approver')
  host = stack.use(await openSmallHost())
  web = await guard(admin.api, host, 'clocks')
})
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

const setClocks = async (round: number): Promise<void> => {
  const set = async (clock: FalseClock, index: number): Promise<void> =>
    clock.set(wrongs[(index + round) % wrongs.length] ?? '+0')
  await Promise.all([...clocks.values()].map(set))
}

type Versioned = { id: string; version: number }

/** Somebody new with a session that his window ends a few seconds from now. */
const sessionUntil = async (
  person: Person,
  end: number,
): Promise<AsyncDisposable & { cutAt: Promise<number> }> => {
  const wanted = { credentialId: web.credentialId, deviceId: web.deviceId, action: 'session' }
  const request = await person.api.post<Versioned>('/requests', {
    ...wanted,
    justification: 'Ticket OPS-4711',
  })
  // A window lasts a minute at least; most of this one is over.
  const window = { start: new Date(end - 62_000).toISOString(), end: new Date(end).toISOString() }
  await bob.api.post(`/requests/${request.id}/approve`, window, { ifMatch: request.version })
  const shell = await runLibraryShell(await loginAt(platform, person, host.account, web))
  const cutAt = shell.exit.then(() => Date.now())
  shell.write('echo $((6*7))\n')
  await shows(shell, '42')
  return { cutAt, [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose]() }
}

/** The answer to a code that is right at another time. */
const signInWithCodeOf = async (
  { userName, password, totpUri }: Person,
  timestamp: number,
): Promise<unknown> => {
  const totp = URI.parse(totpUri)
  if (!(totp instanceof TOTP)) throw new Error('The second factor is not time-based')
  const api = connectApi(platform.apiUrl)
  const transport = 'token'
  const first = { tenant: 'default', userName, password, transport }
  const { challenge } = await api.post<{ challenge: string }>('/login', first)
  return api.post('/login/continue', { challenge, totpCode: totp.generate({ timestamp }), transport })
}

describe('R-08: clocks that are wrong by an hour, jump back ten minutes, or stand still', () => {
  const rounds = Array.from({ length: counted(20, wrongs.length) }, (_, round) => round)

  it.each(rounds)('round %i: windows, grants and codes go by the database’s time', async round => {
    const startedAt = Date.now()
    await setClocks(round)
    const person = await createPerson(admin.api, `alice-${round}`, 'user')
    await allow(admin.api, 'clocks', [person], {
      session: { allowed: true, approvals: 1 },
      approvers: [bob],
    })
    const end = Date.now() + 5_000
    await using session = await sessionUntil(person, end)
    for (const minutes of [-60, -10, -2, 2, 60]) {
      if (minutes % 60 !== 0 && round > 0) continue
      await expect(
        signInWithCodeOf(person, Date.now() + minutes * 60_000),
        `a code of ${minutes} minutes from now`,
      ).rejects.toMatchObject({ status: 401 })
    }
    const late = (await session.cutAt) - end
    latest = Math.max(latest, late)
    windows += 1
    expect(late, 'milliseconds after the end of the window').toBeLessThan(toleranceMs)
    expect(late, 'milliseconds after the end of the window').toBeGreaterThan(-1_000)
    const [records] = await superuser.query(
      `select min(occurred_at) as first, max(occurred_at) as last from audit.records
        where recorded_at > now() - make_interval(secs => $1)`,
      [(Date.now() - startedAt) / 1000],
    )
    expect(Number(records?.['first']), 'the first audit record').toBeGreaterThan(startedAt - 10_000)
    expect(Number(records?.['last']), 'the last audit record').toBeLessThan(Date.now() + 1_000)
  })

  it('leave an audit trail that is in order, and whole', async () => {
    expect(await verifyTrail(platform)).toMatchObject({ intact: true })
    figure('R-08', `${windows} windows under 5 wrong clocks each, the latest end ${latest} ms late`)
  })
})
