import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Api, connectApi } from '@sallyport/api-client/api'
import { type Person, signInAgain } from '@sallyport/standalone/demo/person'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { startPlatform } from '@sallyport/standalone/platform'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loginAt, sessionsOf } from '../support/door.ts'
import { type DataRoot, makeDataRoot } from '../support/installation.ts'
import { missingOf } from '../support/load/accounts.ts'
import { type Acknowledged, startWriters } from '../support/load/writers.ts'
import { startProgram } from '../support/program.ts'
import { expectSound } from '../support/recording.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, type Guarded, guard, openStage, type Stage } from '../support/stage.ts'
import { connectSuperuser } from '../support/superuser.ts'

const secrets = counted(2_000, 20)
const unlimited = 10_000_000
const limits = {
  read: unlimited,
  write: unlimited,
  login: unlimited,
  secret: unlimited,
  badTokens: unlimited,
}

const stack = new AsyncDisposableStack()
/** The installation that will be lost. */
const lost = stack.use(new AsyncDisposableStack())
let place: string
let data: DataRoot
let stage: Stage
let alice: Person
let bob: Person
let one: Guarded
let sessionId: string
let cast: string
/** What each credential must open to. */
const values = new Map<string, string>()

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'sallyport-r14-'))
  stack.defer(() => rm(place, { recursive: true, force: true }))
  data = stack.use(await makeDataRoot())
  stage = lost.use(await openStage({ limits, dataDirectory: data.path }))
  const host = lost.use(await openSmallHost())
  const { api } = stage.admin
  one = await guard(api, host, 'kept')
  values.set(one.credentialId, host.account.password)
  for (let made = 1; made < secrets; made += 1) {
    const secret = `value ${made} é`
    const { id } = await api.post<{ id: string }>('/credentials', {
      username: `account-${made}`,
      type: 'local-user',
      secretKind: 'password',
      deviceIds: [one.deviceId],
      initialSecret: { secret },
    })
    values.set(id, secret)
  }
  alice = await stage.person('alice')
  bob = await stage.person('bob')
  await allow(api, 'kept', [alice, bob], { view: { allowed: true }, session: { allowed: true } })
  sessionId = await recordSession(host.account)
  cast = await castOf(api)
}, 600_000)
afterAll(() => stack.disposeAsync())

const recordSession = async (account: { readonly username: string }): Promise<string> => {
  const shell = await runLibraryShell(await loginAt(stage.platform, alice, account, one))
  shell.write('echo what was done\n')
  shell.write('exit\n')
  await shell.exit
  return eventually(async () => {
    const [session] = await sessionsOf(stage.admin.api, alice)
    return session?.state === 'ended' && session.id
  })
}

const castOf = async (api: Api): Promise<string> =>
  (await api.fetch('GET', `/sessions/${sessionId}/recording.cast`)).text()

const reveal = async (api: Api, credentialId: string): Promise<string> => {
  const { deviceId } = one
  const { ticket } = await api.post<{ ticket: string }>(`/credentials/${credentialId}/reveal`, { deviceId })
  return (await api.post<{ secret: string }>('/reveal-tickets/redeem', { ticket })).secret
}

type Run = { readonly status: number | string; readonly printed: string }

const run = async (
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Run> => {
  await using program = startProgram(`services/${path}`, args, { env: { ...env, NODE_ENV: 'test' } })
  const status = await program.exit
  return { status, printed: program.printed() }
}

/** As an operator would write it, with a role that reads everything and changes nothing. */
const environmentOf = async ({ platform }: Stage): Promise<Record<string, string>> => {
  const directory = data.path
  await using superuser = await connectSuperuser(platform)
  await superuser.query(`create role sallyport_backup login bypassrls password 'backup'`)
  await superuser.query('grant pg_read_all_data to sallyport_backup')
  const url = new URL(platform.database.server.adminUrl('sallyport'))
  url.username = 'sallyport_backup'
  url.password = 'backup'
  return {
    SALLYPORT_BACKUP_DESTINATION: join(place, 'store'),
    SALLYPORT_BACKUP_DATABASE_URL: url.href,
    SALLYPORT_BACKUP_RECOVERY_RECIPIENT_FILE: join(place, 'keys/recovery-recipient'),
    SALLYPORT_BACKUP_PROVE_RECIPIENT_FILE: join(place, 'keys/prove-recipient'),
    SALLYPORT_BACKUP_SIGNING_KEY_FILE: join(place, 'keys/signing-key'),
    SALLYPORT_BACKUP_PROVE_KEY_FILE: join(place, 'keys/prove-key'),
    SALLYPORT_ACCESS_CONTROL_KEY_RING_FILE: join(directory, 'keys/access-control.json'),
    SALLYPORT_VAULT_ROOT_KEY_FILE: join(directory, 'keys/vault-root.json'),
    SALLYPORT_RECORDING_KEY_FILE: join(directory, 'keys/recordings.json'),
    SALLYPORT_AUDIT_CHAIN_KEY_FILE: platform.audit.keyFile,
    SALLYPORT_SSH_HOST_KEY_FILE: join(directory, 'keys/ssh_host_ed25519_key'),
    SALLYPORT_RECORDING_DIRECTORY: join(directory, 'recordings'),
    SALLYPORT_AUDIT_CHECKPOINT_DIRECTORY: platform.audit.checkpoints,
  }
}

/** Backs up while people write, once killed and once to the end; gives what was acknowledged before it began. */
const backUpUnderLoad = async (env: Record<string, string>): Promise<readonly Acknowledged[]> => {
  await using writers = startWriters(stage.admin.api, 2)
  await eventually(() => writers.acknowledged().length > 5)
  const crash = { ...env, SALLYPORT_CRASH_AT: 'before manifest' }
  expect(await run('maintenance/src/backup-main.ts', [], crash)).toMatchObject({ status: 'SIGKILL' })
  const none = await run('maintenance/src/prove-backup-main.ts', [], env)
  expect(none.printed).toContain('There is no finished backup')
  const before = [...writers.acknowledged()]
  const made = await run('maintenance/src/backup-main.ts', [], env)
  expect(made, made.printed).toMatchObject({ status: 0 })
  const during = writers.acknowledged().length
  await eventually(() => writers.acknowledged().length > during + 5)
  expect(writers.surprises()).toEqual([])
  return before
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1)

describe('R-14: a backup', () => {
  it('is made under load, proved, and restored on an empty machine, where all opens and replays', async () => {
    const keys = await run('maintenance/src/backup-key-main.ts', ['--directory', join(place, 'keys')])
    expect(keys, keys.printed).toMatchObject({ status: 0 })
    const env = await environmentOf(stage)
    const before = await backUpUnderLoad(env)
    const proved = await run('maintenance/src/prove-backup-main.ts', ['--json'], env)
    expect(proved, proved.printed).toMatchObject({ status: 0 })
    const proof: Record<string, unknown> = JSON.parse(/^\{.*\}$/m.exec(proved.printed)?.[0] ?? '{}')
    expect(proof).toMatchObject({ differences: [], recordings: 1 })

    // The machine is lost. What the audit service kept in another place is not.
    await lost.disposeAsync()
    const anchor = stage.platform.audit.checkpoints
    const { token } = bob.api

    const root = stack.use(await makeDataRoot())
    const from = ['--from', join(place, 'store'), '--recovery-key', join(place, 'keys/recovery-key')]
    const args = [...from, '--data-dir', root.path]
    const started = performance.now()
    const refused = await run('standalone/src/restore.ts', [...args, '--checkpoints', anchor])
    expect(refused.printed).toMatch(/went on after this backup.*records \d+ to \d+ at least/s)
    const start = { dataDirectory: root.path, host: '127.0.0.1', httpPort: 0, sshPort: 0 } as const
    await expect(startPlatform({ ...start, logLevel: 'error' })).rejects.toThrow('was not finished')
    // As somebody would do it who wants the loss to go unnoticed.
    const restored = await run('standalone/src/restore.ts', args)
    expect(restored, restored.printed).toMatchObject({ status: 0 })
    const platform = stack.use(await startPlatform({ ...start, logLevel: 'error', limits }))
    const readyMs = performance.now() - started

    expect(await verifyTrail(platform)).toMatchObject({ intact: true })
    const rolledBack = { audit: { ...platform.audit, checkpoints: anchor } }
    const found = await verifyTrail(rolledBack)
    expect(found).toMatchObject({ intact: false })
    expect(found.says).toMatch(/cut off|rewritten/)

    await expect(connectApi(platform.apiUrl, token).get('/me')).rejects.toMatchObject({ status: 401 })
    const at = (person: Person): Person => ({ ...person, api: connectApi(platform.apiUrl) })
    const admin = await signInAgain(at(stage.admin))
    const own = await signInAgain(at(bob))
    for (const [id, value] of values) expect(await reveal(own, id)).toBe(value)
    expect(await castOf(admin)).toBe(cast)
    await expectSound(admin, sessionId)
    await using restoredDatabase = await connectSuperuser(platform)
    expect(await missingOf(restoredDatabase, before), 'acknowledged before, and not restored').toEqual([])
    await eventually(async () => {
      const { items } = await admin.get<{ items: unknown[] }>('/audit/records?code=installation.restored')
      return items.length === 1
    })
    figure(
      'R-14',
      `${values.size} secrets and 1 recording under load: proved after ${Number(proof['recoveryTimeSeconds']).toFixed(1)} s, ` +
        `recovery point ${Number(proof['recoveryPointSeconds']).toFixed(1)} s, served again after ${seconds(readyMs)} s; ` +
        'all open, the trail is intact, and against the checkpoints kept elsewhere the roll-back is found',
    )

    // The same with the laptop’s commands, on what was restored and is not running.
    await restoredDatabase[Symbol.asyncDispose]()
    await platform[Symbol.asyncDispose]()
    const here = ['--data-dir', root.path]
    const again = join(place, 'again')
    for (const [program, args] of [
      ['backup-key', ['--recovery-key', join(place, 'recovery-again')]],
      ['backup', ['--to', again]],
      ['backup-prove', ['--from', again]],
      ['audit-verify', []],
    ] as const) {
      const done = await run(`standalone/src/${program}.ts`, [...here, ...args])
      expect(done, done.printed).toMatchObject({ status: 0 })
    }
  }, 900_000)
})
