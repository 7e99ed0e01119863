import type { Target } from '@sallyport/targets/target'
import type { Api } from '@sallyport/api-client/api'
import { type Person, signInFirst } from './person.ts'

/** Who and what the story needs: made through the REST API, as an administrator would. */
export type Scene = {
  readonly admin: Person
  readonly alice: Person
  readonly bob: Person
  readonly carol: Person
  readonly deviceId: string
  readonly credentialId: string
  readonly accessGroupId: string
}

type Id = { id: string }
type Page<T> = { items: T[]; nextCursor: string | null }
type ScannedKey = { publicKey: string; fingerprint: string }

/** Sets the scene: three people, a device with its pinned host keys, a credential, and who may use it. */
export const setScene = async (baseUrl: string, initialPassword: string, target: Target): Promise<Scene> => {
  const admin = await signInFirst(baseUrl, { userName: 'admin', initialPassword })
  const { api } = admin
  const [alice, bob, carol] = await Promise.all([
    createPerson(api, 'alice', 'user'),
    createPerson(api, 'bob', 'approver'),
    createPerson(api, 'carol', 'auditor'),
  ])
  const deviceId = await createDevice(api, target)
  const credentialId = await createCredential(api, target, deviceId)
  const group = await api.post<Id>('/access-groups', {
    name: 'Web servers',
    description: 'Sessions on web servers, after one approval',
    userIds: [alice.userId],
    criteria: { deviceTags: 'web', credentialUsername: target.username },
    session: { allowed: true, justification: true, approvals: 1, maxWindowSeconds: 3600 },
    approverUserIds: [bob.userId],
  })
  return { admin, alice, bob, carol, deviceId, credentialId, accessGroupId: group.id }
}

/** Creates a user with one built-in role, and signs in as them for the first time. */
export const createPerson = async (admin: Api, userName: string, role: string): Promise<Person> => {
  const roles = await admin.get<Page<{ id: string; name: string }>>('/roles?limit=200')
  const roleIds = roles.items.filter(({ name }) => name === role).map(({ id }) => id)
  const created = await admin.post<{ initialPassword: string }>('/users', { userName, roleIds })
  return signInFirst(admin.baseUrl, { userName, initialPassword: created.initialPassword })
}

const createDevice = async (api: Api, target: Target): Promise<string> => {
  const device = await api.post<Id & { version: number }>('/devices', {
    name: 'web-1',
    address: target.address,
    type: 'linux-server',
    tags: ['web'],
    connectivities: [{ protocol: 'ssh', port: target.port }],
  })
  const scanned = await api.post<Page<ScannedKey>>(`/devices/${device.id}/host-keys/scan`, {
    port: target.port,
  })
  const publicKeys = scanned.items.map(key => key.publicKey)
  await api.put(
    `/devices/${device.id}/host-keys`,
    { port: target.port, publicKeys },
    { ifMatch: device.version },
  )
  return device.id
}

const createCredential = async (api: Api, target: Target, deviceId: string): Promise<string> => {
  const credential = await api.post<Id>('/credentials', {
    username: target.username,
    type: 'local-user',
    secretKind: 'password',
    deviceIds: [deviceId],
    tags: ['web'],
    initialSecret: { secret: target.password },
  })
  const templates = await api.get<Page<{ id: string; name: string }>>('/templates?limit=200')
  const template = templates.items.find(({ name }) => name === 'Linux: change own password')
  const policy = {
    deviceId,
    templateId: template?.id,
    afterSession: true,
    afterReveal: true,
    afterWindow: true,
  }
  await api.put(`/credentials/${credential.id}/rotation-policy`, policy, { ifMatch: 0 })
  return credential.id
}
