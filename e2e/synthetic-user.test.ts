import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '@sallyport/crypto/secret'
import type { Person } from '@sallyport/standalone/demo/person'
import { readSyntheticUserConfig } from '@sallyport/synthetic-user/config'
import { type Outcome, run, type RunDeps } from '@sallyport/synthetic-user/run'
import { prepare } from '@sallyport/synthetic-user/service'
import { sshDoor } from '@sallyport/synthetic-user/ssh-door'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { startProgram } from './support/program.ts'
import { openSmallHost } from './support/small-host.ts'
import { allow, type Guarded, guard, openStage, type Stage } from './support/stage.ts'

const stack = new AsyncDisposableStack()
let stage: Stage
let target: Guarded
let gone: Guarded
let account: string
let directory: string
let files = 0

beforeAll(async () => {
  stage = stack.use(await openStage())
  directory = await mkdtemp(join(tmpdir(), 'sallyport-synthetic-'))
  stack.defer(() => rm(directory, { recursive: true }))
  const host = stack.use(await openSmallHost())
  account = host.account.username
  target = await guard(stage.admin.api, host, 'synthetic')
  await using away = await openSmallHost()
  gone = await guard(stage.admin.api, away, 'synthetic-away')
})
afterAll(() => stack.disposeAsync())

const secretFile = async (content: string): Promise<string> => {
  files += 1
  const path = join(directory, `secret-${files}`)
  await writeFile(path, `${content}\n`, { mode: 0o600 })
  return path
}

type Cast = {
  readonly user: Person
  readonly environment: Record<string, string>
  readonly deps: RunDeps
  readonly steps: string[]
}

type Scene = { readonly tag?: string; readonly device?: Guarded; readonly isApprover?: boolean }

/** Two accounts and the rule that lets them, as docs/observability.md tells operators to make them. */
const castFor = async ({
  tag = 'synthetic',
  device = target,
  isApprover = true,
}: Scene = {}): Promise<Cast> => {
  const [user, approver] = [await stage.person('synthetic'), await stage.person('approver', 'approver')]
  await allow(stage.admin.api, tag, [user], {
    session: { allowed: true, justification: true, approvals: 1, maxWindowSeconds: 300 },
    view: { allowed: true },
    approvers: isApprover ? [approver] : [stage.admin],
  })
  const { apiUrl, sshPort, sshHostKey } = stage.platform
  const environment = {
    SALLYPORT_SYNTHETIC_API_URL: apiUrl,
    SALLYPORT_SYNTHETIC_SSH_HOST: '127.0.0.1',
    SALLYPORT_SYNTHETIC_SSH_PORT: `${sshPort}`,
    SALLYPORT_SYNTHETIC_SSH_HOST_KEY: sshHostKey,
    SALLYPORT_SYNTHETIC_USER_NAME: user.userName,
    SALLYPORT_SYNTHETIC_USER_PASSWORD_FILE: await secretFile(user.password),
    SALLYPORT_SYNTHETIC_USER_TOTP_FILE: await secretFile(user.totpUri),
    SALLYPORT_SYNTHETIC_APPROVER_NAME: approver.userName,
    SALLYPORT_SYNTHETIC_APPROVER_PASSWORD_FILE: await secretFile(approver.password),
    SALLYPORT_SYNTHETIC_APPROVER_TOTP_FILE: await secretFile(approver.totpUri),
    SALLYPORT_SYNTHETIC_TARGET: `${account}@${device.deviceName}`,
    SALLYPORT_SYNTHETIC_REVEAL_CREDENTIAL_ID: device.credentialId,
    SALLYPORT_SYNTHETIC_REVEAL_DEVICE_ID: device.deviceId,
  }
  const prepared = await prepare(readSyntheticUserConfig(environment))
  const steps: string[] = []
  return {
    user,
    environment,
    steps,
    deps: {
      ...prepared,
      revealed: undefined,
      // They have used some for signing in.
      user: { ...prepared.user, nextCode: user.nextCode },
      approver: { ...prepared.approver, nextCode: approver.nextCode },
      onStep: step => steps.push(step),
    },
  }
}

/** What there still is of a user’s. */
const leftOf = async ({ userId, api }: Person): Promise<object[]> => {
  const open = async (state: string): Promise<object[]> =>
    (await api.get<{ items: object[] }>(`/requests?scope=mine&state=${state}`)).items
  const live = await stage.admin.api.get<{ items: object[] }>(`/sessions?userId=${userId}&state=live`)
  return [...(await open('pending')), ...(await open('approved')), ...live.items]
}

const failed = (outcome: Outcome): string =>
  outcome.succeeded ? 'it succeeded' : `${outcome.failure.step}: ${outcome.failure.message}`

// Mostly they wait for the next one-time code: together they wait once.
describe.concurrent('the synthetic user', () => {
  const session = ['approver-sign-in', 'sign-in', 'request', 'approve', 'session', 'revoke', 'end']

  it('gets through twice in a row, and leaves nothing behind', async ({ expect }) => {
    const { deps, steps, user } = await castFor()
    expect(await run(deps)).toEqual({ succeeded: true })
    expect(await run(deps)).toEqual({ succeeded: true })
    expect(steps).toEqual([...session, ...session])
    expect(await leftOf(user)).toEqual([])
  })

  it('runs once as a program of its own, with a reveal, and tells each step', async ({ expect }) => {
    const { environment, deps, user } = await castFor()
    // A code that nobody has used is that of now, once the half minute of the enrolment is over.
    for (const { nextCode } of [deps.user, deps.user, deps.approver, deps.approver]) await nextCode()
    await using program = startProgram('services/synthetic-user/src/main.ts', ['--once'], {
      env: environment,
    })
    expect(await program.exit, program.printed()).toBe(0)
    const [first, ...rest] = session
    const told = program.printed().trim().split('\n')
    expect(told.map(line => line.replace(/: \d+ ms$/, ''))).toEqual([first, 'reveal', ...rest])
    expect(program.printed()).not.toContain(user.password)
    expect(await leftOf(user)).toEqual([])
  })

  it('names the approval when that is impossible, and takes its request back', async ({ expect }) => {
    const { deps, user, steps } = await castFor({
      tag: 'synthetic-unapproved',
      isApprover: false,
      device: await tagged('synthetic-unapproved'),
    })
    expect(failed(await run(deps))).toBe('approve: The approver does not see the request')
    expect(steps).toEqual(['approver-sign-in', 'sign-in', 'request'])
    expect(await leftOf(user)).toEqual([])
  })

  it('names the session when its target is away', async ({ expect }) => {
    const { deps, user } = await castFor({ tag: 'synthetic-away', device: gone })
    expect(failed(await run(deps))).toMatch(/^session: /)
    expect(await leftOf(user)).toEqual([])
  })

  it('names the end when a revocation does not end the session', async ({ expect }) => {
    const { deps, user } = await castFor()
    const { door } = deps
    const deaf: RunDeps['door'] = {
      connect: async code => {
        const connection = await door.connect(code)
        return {
          run: async (command, reason) => ({
            ...(await connection.run(command, reason)),
            ended: new Promise<void>(() => {}),
          }),
          [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
        }
      },
    }
    expect(failed(await run({ ...deps, door: deaf }))).toBe('end: It took longer than 2 s')
    expect(await leftOf(user)).toEqual([])
  })

  it('says nothing to a door with another host key', async ({ expect }) => {
    using password = Secret.fromUtf8('never sent')
    const door = sshDoor({
      host: '127.0.0.1',
      port: stage.platform.sshPort,
      hostKey: `ssh-ed25519 ${'A'.repeat(68)}`,
      loginName: 'default/synthetic',
      password,
      patienceMs: 10_000,
    })
    await expect(door.connect('123456')).rejects.toThrow(/host/i)
  })
})

/** A device of its own, which no other rule of these tests gives. */
const tagged = async (tag: string): Promise<Guarded> => {
  const host = stack.use(await openSmallHost())
  return guard(stage.admin.api, host, tag)
}
