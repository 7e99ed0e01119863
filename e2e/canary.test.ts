import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadHostKey, publicKeyOf } from '@sallyport/session-proxy/protocols/ssh/host-key'
import { type Api, connectApi } from '@sallyport/standalone/demo/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import { eventually } from '@sallyport/testing/eventually'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Canary, canaryHunt } from './support/canaries.ts'
import { openSmallHost } from './support/small-host.ts'
import { allow, guard, type Guarded, type Host } from './support/stage.ts'
import { startStandalone, type StandaloneProcess } from './support/standalone-process.ts'
import { tablesOf } from './support/superuser.ts'

const isLinux = process.platform === 'linux'

const stack = new AsyncDisposableStack()
let directory: string
let standalone: StandaloneProcess
let host: Host
let hostKey: string
const canaries: Canary[] = []

const plant = (name: string, secret: string | Buffer): string => {
  canaries.push({ name, bytes: Buffer.from(secret) })
  return secret.toString()
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-canary-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o711)
  if (!isLinux) return
  standalone = stack.use(await startStandalone(directory))
  host = stack.use(await openSmallHost())
  using key = await loadHostKey(join(directory, 'keys/ssh_host_ed25519_key'))
  hostKey = `ssh-ed25519 ${publicKeyOf(key).toString('base64')}`
})
afterAll(() => stack.disposeAsync())

test('a planted secret is found nowhere in clear, in use and after a crash', async context => {
  if (!isLinux) return context.skip('needs Linux, for /proc')
  const deviceName = await useEverySecret()
  const hunt = canaryHunt(canaries)
  const control = canaryHunt([{ name: 'device', bytes: Buffer.from(deviceName) }])
  for (const [place, content] of await processesOf(standalone)) hunt.look(place, content)
  const rows = await lookThroughDatabase((place, content) => {
    hunt.look(place, content)
    control.look(place, content)
  })
  expect(control.found).toContain('device, in clear, in vault.devices.name')
  await standalone.kill('SIGABRT')
  hunt.look('its output', withoutFirstPassword(standalone.output()))
  const bytes = await lookThroughFiles(hunt.look)
  const mebibytes = Math.round(bytes / 2 ** 20)
  expect([...new Set(hunt.found)]).toEqual([])
  expect(standalone.output().toString()).toContain('"service":"vault"')
  console.log(`canaries: ${canaries.length} secrets, in none of ${rows} rows nor ${mebibytes} MiB of files`)
})

type Id = { id: string; version: number }

/** @returns the name of a device: no secret, and therefore easy to find */
const useEverySecret = async (): Promise<string> => {
  const baseUrl = standalone.apiUrl
  const admin = await signInFirst(baseUrl, { userName: 'admin', initialPassword: standalone.initialPassword })
  plantPerson('administrator', admin)
  const initialPassword = await createUser(admin.api)
  const alice = await signInFirst(baseUrl, { userName: 'alice', initialPassword })
  plantPerson('user', alice)
  const guarded = await guard(admin.api, host, 'canary')
  plant('credential password', host.account.password)
  await giveAccess(admin.api, alice, guarded)
  await makeTokens(admin.api, alice.api)
  await storeSecrets(admin.api, guarded)
  await reveal(alice.api, guarded)
  await untilChanged(admin.api, 1)
  await openSession(alice)
  await untilChanged(admin.api, 2)
  plant('rotated password', await reveal(alice.api, guarded))
  await failWithSecrets(admin, guarded)
  return guarded.deviceName
}

const untilChanged = (api: Api, times: number): Promise<boolean> =>
  eventually(async () => {
    const { items } = await api.get<{ items: { state: string }[] }>('/operations')
    return items.length >= times && items.every(({ state }) => state === 'succeeded')
  }, 60_000)

const plantPerson = (name: string, { password, totpUri, api }: Person): void => {
  plant(`${name}'s password`, password)
  plant(`${name}'s session token`, api.token ?? '')
  const base32 = new URL(totpUri).searchParams.get('secret') ?? ''
  plant(`${name}'s one-time code secret, as text`, base32)
  plant(`${name}'s one-time code secret`, bytesOfBase32(base32))
}

const bytesOfBase32 = (text: string): Buffer => {
  const bits = text
    .split('')
    .map(letter => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2)))
}

/** Idempotent calls keep their answers: they must not keep these. */
const createUser = async (api: Api): Promise<string> => {
  const made = await api.post<{ initialPassword: string }>(
    '/users',
    { userName: 'alice' },
    { idempotencyKey: 'alice' },
  )
  const tenant = { name: 'canary', administratorUserName: 'admin' }
  const other = await api.post<{ initialPassword: string }>('/tenants', tenant, { idempotencyKey: 'tenant' })
  plant('initial password of a tenant', other.initialPassword)
  return plant('initial password of a user', made.initialPassword)
}

const giveAccess = async (api: Api, alice: Person, { credentialId, deviceId }: Guarded): Promise<void> => {
  await allow(api, 'canary', [alice], { view: { allowed: true }, session: { allowed: true } })
  const { items } = await api.get<{ items: (Id & { name: string })[] }>('/templates?limit=200')
  const templateId = items.find(({ name }) => name === 'Linux: change own password')?.id
  const policy = { deviceId, templateId, afterSession: true, afterReveal: true }
  await api.put(`/credentials/${credentialId}/rotation-policy`, policy, { ifMatch: 0 })
}

const makeTokens = async (admin: Api, alice: Api): Promise<void> => {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
  for (const [name, api] of Object.entries({ admin, alice })) {
    const body = { name, permissions: [], expiresAt }
    const made = await api.post<{ token: string }>('/api-tokens', body, { idempotencyKey: `token-${name}` })
    plant(`API token of ${name}`, made.token)
    await connectApi(api.baseUrl, made.token).get('/me')
  }
}

const storeSecrets = async (api: Api, { deviceId }: Guarded): Promise<void> => {
  const privateKey = plantPrivateKey()
  const draft = { type: 'local-user', deviceIds: [deviceId] }
  const secret = plant('first secret', randomBytes(18).toString('base64url'))
  const password = { ...draft, username: 'root', secretKind: 'password', initialSecret: { secret } }
  const made = await api.post<Id>('/credentials', password, { idempotencyKey: 'credential' })
  const next = { secret: plant('second secret', randomBytes(18).toString('base64url')) }
  const options = { ifMatch: made.version, idempotencyKey: 'secret' }
  await api.put(`/credentials/${made.id}/secret`, next, options)
  const key = { ...draft, username: 'key', secretKind: 'ssh-key', initialSecret: { secret: privateKey } }
  await api.post('/credentials', key)
}

/** Its seed, and the line of its text that has most of it. */
const plantPrivateKey = (): string => {
  const { private: text, public: publicLine } = newSshKey()
  const publicKey = Buffer.from(publicLine.split(' ')[1] ?? '', 'base64').subarray(-32)
  const body = Buffer.from(
    text
      .split('\n')
      .filter(line => !line.startsWith('-'))
      .join(''),
    'base64',
  )
  const end = body.lastIndexOf(publicKey)
  plant('seed of an SSH private key', body.subarray(end - 32, end))
  plant('SSH private key', text.split('\n')[3] ?? '')
  return text
}

const reveal = async (api: Api, { credentialId, deviceId }: Guarded): Promise<string> => {
  const idempotencyKey = randomBytes(8).toString('hex')
  const { ticket } = await api.post<{ ticket: string }>(`/credentials/${credentialId}/reveal`, { deviceId })
  plant('reveal ticket', ticket)
  const shown = await api.post<{ secret: string }>('/reveal-tickets/redeem', { ticket }, { idempotencyKey })
  await api
    .post('/reveal-tickets/redeem', { ticket })
    .catch((refusal: unknown) => expect(refusal).toMatchObject({ status: 403 }))
  return shown.secret
}

const openSession = async ({ userName, password, nextCode }: Person): Promise<void> => {
  const loginName = `${userName}[${host.account.username}@127.0.0.1]`
  await using shell = await runLibraryShell({
    port: standalone.sshPort,
    loginName,
    password,
    code: await nextCode(),
    hostKey,
  })
  shell.write('env; exit\n')
  expect(await shell.exit).toBe(0)
}

/** What fails gets into logs more easily than what succeeds. */
const failWithSecrets = async ({ api }: Person, { credentialId, deviceId }: Guarded): Promise<void> => {
  const secret = plant('refused secret', randomBytes(18).toString('base64url'))
  const refused = (attempt: Promise<unknown>): Promise<void> =>
    expect(attempt).rejects.toMatchObject({ status: expect.any(Number) })
  await refused(api.put(`/credentials/${credentialId}/secret`, { secret }, { ifMatch: 2_000_000 }))
  const draft = { username: 'root', type: 'local-user', secretKind: 'password', deviceIds: [deviceId] }
  await refused(api.post('/credentials', { ...draft, initialSecret: { secret } }))
  await refused(api.post('/credentials', { ...draft, unknown: secret, [secret]: 1 }))
  await refused(api.post('/me/password', { currentPassword: secret, newPassword: `${secret}!` }))
  await refused(connectApi(api.baseUrl).post('/login', { userName: 'admin', password: secret }))
  await refused(connectApi(api.baseUrl, secret.padEnd(40, 'x')).get('/me'))
  await refused(api.get(`/devices?search=${secret}&unknown=${secret}`))
}

const processesOf = async ({ processIds }: StandaloneProcess): Promise<[string, Buffer][]> => {
  const places = (await processIds()).flatMap(pid =>
    ['environ', 'cmdline'].map(name => `/proc/${pid}/${name}`),
  )
  expect(places.length).toBeGreaterThan(4)
  return Promise.all(places.map(async place => [place, await readFile(place).catch(() => Buffer.alloc(0))]))
}

/** Values and not their text, so that what is compressed in the files or encoded in columns is seen as it is. */
const lookThroughDatabase = async (
  look: (place: string, content: Buffer | string) => void,
): Promise<number> => {
  const port = /^(\d+)$/m.exec(
    (await readFile(join(directory, 'postgres/cluster/postmaster.pid'), 'utf8')).split('\n')[3] ?? '',
  )?.[1]
  const password = await readFile(join(directory, 'postgres/superuser-password'), 'utf8')
  const client = new pg.Client({
    connectionString: `postgresql://postgres:${password}@127.0.0.1:${port}/sallyport`,
  })
  client.on('error', () => {})
  await client.connect()
  const db = {
    query: async (text: string) => (await client.query<Record<string, unknown>>(text)).rows,
    [Symbol.asyncDispose]: () => client.end(),
  }
  let count = 0
  for (const { sql } of await tablesOf(db)) {
    for (const row of await db.query(`select * from ${sql}`)) {
      count += 1
      for (const [column, value] of Object.entries(row)) {
        if (value !== null) look(`${sql}.${column}`, Buffer.isBuffer(value) ? value : JSON.stringify(value))
      }
    }
  }
  await client.end()
  return count
}

/** The cluster with its write-ahead log, PostgreSQL’s log, recordings, checkpoints, keys: all there is. */
const lookThroughFiles = async (look: (place: string, content: Buffer) => void): Promise<number> => {
  let total = 0
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name)
    if (!(await stat(path)).isFile()) continue
    const content = await readFile(path)
    total += content.length
    look(name, content)
  }
  return total
}

/** Shown once, by design, and worthless since the first sign-in. */
const withoutFirstPassword = (output: Buffer): string =>
  output.toString().replaceAll(standalone.initialPassword, '')
