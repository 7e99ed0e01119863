import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Api } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import type { StandaloneOptions } from '@sallyport/standalone/options'
import { type Platform, startPlatform } from '@sallyport/standalone/platform'
import { createLinuxAccount, type LinuxAccount } from '@sallyport/targets/linux-account'
import { findSshd, type OpenSshServer, startOpenSsh } from '@sallyport/targets/openssh'

type Id = { id: string }
type Page<T> = { items: T[]; nextCursor: string | null }

/** A whole platform in this process, with its administrator signed in. */
export type Stage = AsyncDisposable & {
  readonly platform: Platform
  readonly directory: string
  readonly admin: Person
  /** Creates a user with a built-in role, signed in. The name is made unique. */
  readonly person: (name: string, role?: string) => Promise<Person>
}

export const openStage = async (options: Partial<StandaloneOptions> = {}): Promise<Stage> => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-e2e-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  // PostgreSQL runs as another user when we are root.
  await chmod(directory, 0o711)
  const platform = stack.use(
    await startPlatform({
      dataDirectory: directory,
      host: '127.0.0.1',
      httpPort: 0,
      sshPort: 0,
      logLevel: 'error',
      ...options,
    }),
  )
  const initialPassword = platform.firstAdministrator?.initialPassword ?? ''
  const admin = await signInFirst(platform.apiUrl, { userName: 'admin', initialPassword })
  const roles = await admin.api.get<Page<Id & { name: string }>>('/roles?limit=200')
  const owned = stack.move()
  return {
    platform,
    directory,
    admin,
    person: (name, role = 'user') => createPerson(admin.api, name, roles.items, role),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const createPerson = async (
  admin: Api,
  name: string,
  roles: readonly (Id & { name: string })[],
  role: string,
): Promise<Person> => {
  const userName = `${name}-${randomBytes(3).toString('hex')}`
  const roleIds = roles.filter(one => one.name === role).map(one => one.id)
  const { initialPassword } = await admin.post<{ initialPassword: string }>('/users', { userName, roleIds })
  return signInFirst(admin.baseUrl, { userName, initialPassword })
}

/** A real sshd with one real Linux account. */
export type LinuxHost = AsyncDisposable & { readonly server: OpenSshServer; readonly account: LinuxAccount }

/** Why real Linux hosts cannot be had here, or undefined if they can. */
export const noLinuxHost = async (): Promise<string | undefined> => {
  if (!(await findSshd())) return 'needs OpenSSH’s sshd (Debian: openssh-server)'
  return process.getuid?.() === 0 ? undefined : 'needs root, to create a Linux account'
}

export const openLinuxHost = async (options: { extra?: readonly string[] } = {}): Promise<LinuxHost> => {
  const sshd = await findSshd()
  if (!sshd) throw new Error('There is no sshd')
  await using stack = new AsyncDisposableStack()
  const account = stack.use(await createLinuxAccount({ prefix: 'sp-e2e' }))
  const server = stack.use(await startOpenSsh({ sshd, ...options }))
  const owned = stack.move()
  return { server, account, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

export type Guarded = {
  readonly deviceId: string
  readonly deviceName: string
  readonly credentialId: string
}

/** An SSH server with an account: a Linux host, or less. */
export type Host = {
  readonly server: Pick<OpenSshServer, 'port'>
  readonly account: Pick<LinuxAccount, 'username' | 'password'> & {
    /** Of what stands as the password. */
    readonly secretKind?: 'password' | 'ssh-key'
  }
}

/** Registers a host and its account by REST: device, pinned host keys, credential. */
export const guard = async (api: Api, { server, account }: Host, tag: string): Promise<Guarded> => {
  const deviceName = `host-${randomBytes(3).toString('hex')}`
  const device = await api.post<Id & { version: number }>('/devices', {
    name: deviceName,
    address: '127.0.0.1',
    type: 'linux-server',
    tags: [tag],
    connectivities: [{ protocol: 'ssh', port: server.port }],
  })
  const scanned = await api.post<Page<{ publicKey: string }>>(`/devices/${device.id}/host-keys/scan`, {
    port: server.port,
  })
  const publicKeys = scanned.items.map(({ publicKey }) => publicKey)
  await api.put(
    `/devices/${device.id}/host-keys`,
    { port: server.port, publicKeys },
    { ifMatch: device.version },
  )
  const credential = await api.post<Id>('/credentials', {
    username: account.username,
    type: 'local-user',
    secretKind: account.secretKind ?? 'password',
    deviceIds: [device.id],
    tags: [tag],
    initialSecret: { secret: account.password },
  })
  return { deviceId: device.id, deviceName, credentialId: credential.id }
}

type Rule = { allowed: boolean; justification?: boolean; approvals?: number; maxWindowSeconds?: number }

/** Lets people use everything with a tag. */
export const allow = (
  api: Api,
  tag: string,
  people: readonly Person[],
  { view, session, approvers = [] }: { view?: Rule; session?: Rule; approvers?: readonly Person[] },
): Promise<Id & { version: number }> =>
  api.post('/access-groups', {
    name: `group-${randomBytes(3).toString('hex')}`,
    userIds: people.map(({ userId }) => userId),
    criteria: { deviceTags: tag },
    ...(view && { view }),
    ...(session && { session }),
    approverUserIds: approvers.map(({ userId }) => userId),
  })
