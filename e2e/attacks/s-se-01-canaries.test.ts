import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadHostKey, publicKeyOf } from '@sallyport/session-proxy/protocols/ssh/host-key'
import { type Api, connectApi } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import { eventually } from '@sallyport/testing/eventually'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import { counted, figure, isNightly } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Canary, canaryHunt } from '../support/canaries.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, guard, type Guarded, type Host } from '../support/stage.ts'
import { startStandalone, type StandaloneProcess } from '../support/standalone-process.ts'
import {
  dumpMemory,
  lookThroughDatabase,
  lookThroughFiles,
  processesOf,
  temporaryFiles,
} from '../support/written-places.ts'

const isLinux = process.platform === 'linux'

const stack = new AsyncDisposableStack()
let directory: string
let standalone: StandaloneProcess
let host: Host
let hostKey: string
const canaries: Canary[] = []
const startedAt = Date.now()

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

describe('S-SE-01: a planted secret is found nowhere in clear', () => {
  test('in use, at rest, in memory dumps, and after a crash', async context => {
    if (!isLinux) return context.skip('needs Linux, for /proc')
    const deviceName = await useEverySecret()
    const hunt = canaryHunt(canaries)
    const control = canaryHunt([{ name: 'device', bytes: Buffer.from(deviceName) }])
    for (const [place, content] of await processesOf(standalone)) {
      hunt.look(place, content)
      if (place.endsWith('limits')) expect(content.toString()).toMatch(/^Max core file size +0 +0 /m)
    }
    for (const [place, content] of await temporaryFiles(startedAt)) hunt.look(place, content)
    const rows = await lookThroughDatabase(directory, (place, content) => {
      hunt.look(place, content)
      control.look(place, content)
    })
    expect(control.found).toContain('device, in clear, in vault.devices.name')
    for (const answer of answers) hunt.look('an answer of the API', answer)
    if (isNightly) await dumpMemory(directory, standalone)
    await standalone.kill('SIGABRT')
    hunt.look('its output', withoutFirstPassword(standalone.output()))
    const bytes = await lookThroughFiles(directory, hunt.look)
    const mebibytes = Math.round(bytes / 2 ** 20)
    expect([...new Set(hunt.found)]).toEqual([])
    expect(standalone.output().toString()).toContain('"service":"vault"')
    const kinds = new Set(hunt.looked.map(sinkOf))
    expect(kinds.size).toBeGreaterThanOrEqual(25)
    figure(
      'S-SE-01',
      `${canaries.length + many} secrets in ${kinds.size} kinds of places: ${rows} rows, ${mebibytes} MiB, 0 found`,
    )
  }, 300_000)
})

/** Places of one kind are one: every column is, and every sort of file. */
const sinkOf = (place: string): string => {
  if (place.startsWith('/proc')) return place.replace(/\d+/, 'N')
  if (place.includes('/') || /\.\w+$/.test(place))
    return place.replaceAll(/[\da-f]{8}[\da-f-]{8,}|\d+/g, 'N').replace(/^(postgres\/cluster\/[^/]+).*/, '$1')
  return place
}

/** What the API says to whoever may look at everything, and to whoever did something wrong. */
const answers: string[] = []

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
  await storeMany(admin.api, guarded)
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
  const refused = async (attempt: Promise<unknown>): Promise<void> => {
    const error: unknown = await attempt.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ status: expect.any(Number) })
    answers.push(error instanceof Error ? error.message : '')
  }
  await refused(api.put(`/credentials/${credentialId}/secret`, { secret }, { ifMatch: 2_000_000 }))
  const draft = { username: 'root', type: 'local-user', secretKind: 'password', deviceIds: [deviceId] }
  await refused(api.post('/credentials', { ...draft, initialSecret: { secret } }))
  await refused(api.post('/credentials', { ...draft, unknown: secret, [secret]: 1 }))
  await refused(api.post('/me/password', { currentPassword: secret, newPassword: `${secret}!` }))
  await refused(connectApi(api.baseUrl).post('/login', { userName: 'admin', password: secret }))
  await refused(connectApi(api.baseUrl, secret.padEnd(40, 'x')).get('/me'))
  await refused(api.get(`/devices?search=${secret}&unknown=${secret}`))
  await refused(api.post('/reveal-tickets/redeem', { ticket: secret }))
  await refused(api.get(`/credentials/${secret}`))
  await refused(api.post('/credentials', { ...draft, type: secret }))
  await refused(
    api.put(`/credentials/${credentialId}/secret`, { secret, encoding: 'base64' }, { ifMatch: 1 }),
  )
  await lookAround(api, credentialId)
}

const lists = [
  'credentials',
  'devices',
  'users',
  'audit/records',
  'sessions',
  'operations',
  'requests',
  'grants',
  'templates',
]

const lookAround = async (api: Api, credentialId: string): Promise<void> => {
  const paths = [...lists.map(name => `/${name}?limit=200`), `/credentials/${credentialId}/versions`]
  for (const path of paths) answers.push(JSON.stringify(await api.get(path)))
}

const many = counted(1_000, 40)

/** The bulk of them: each in a credential of its own, refused at the second try. They begin alike, to be found at once. */
const storeMany = async (api: Api, { deviceId }: Guarded): Promise<void> => {
  const beginning = plant(`one of ${many} secrets`, randomBytes(18).toString('base64url'))
  for (let made = 0; made < many; made += 1) {
    const secret = `${beginning}${made}${randomBytes(6).toString('base64url')}`
    const credential = {
      username: `account-${made}`,
      type: 'local-user',
      secretKind: 'password',
      deviceIds: [deviceId],
      initialSecret: { secret },
    }
    await api.post('/credentials', credential)
    await expect(api.post('/credentials', credential)).rejects.toMatchObject({ status: expect.any(Number) })
  }
}

/** Shown once, by design, and worthless since the first sign-in. */
const withoutFirstPassword = (output: Buffer): string =>
  output.toString().replaceAll(standalone.initialPassword, '')
