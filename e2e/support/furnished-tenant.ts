import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import { eventually } from '@sallyport/testing/eventually'
import { loginAt } from './door.ts'
import { sampleBodies } from '../../services/gateway/tests/sample-bodies.ts'
import { allow, guard, type Host, type Stage } from './stage.ts'

type Id = { id: string; version: number }
type Page<T> = { items: T[] }

/** A tenant that has one of everything. The keys are the names that the API gives to ids, in the singular. */
export type FurnishedTenant = {
  readonly name: string
  readonly tenantId: string
  readonly admin: Person
  readonly ids: Readonly<Record<ObjectName, string>>
}

export type ObjectName =
  | 'user'
  | 'role'
  | 'userGroup'
  | 'accessGroup'
  | 'request'
  | 'device'
  | 'credential'
  | 'strengthProfile'
  | 'custody'
  | 'template'
  | 'operation'
  | 'session'
  | 'loginSession'
  | 'apiToken'
  | 'sshKey'
  | 'auditDestination'

/** Creates a tenant and everything in it by REST, and one session by SSH. It is quiet when this returns. */
export const furnishTenant = async (stage: Stage, host: Host, name: string): Promise<FurnishedTenant> => {
  const baseUrl = stage.platform.apiUrl
  const made = await stage.admin.api.post<{ tenant: Id; initialPassword: string }>('/tenants', {
    name,
    administratorUserName: 'admin',
  })
  const { initialPassword } = made
  const admin = await signInFirst(baseUrl, { tenant: name, userName: 'admin', initialPassword })
  const people = await peopleOf(admin)
  const inventory = await inventoryOf(admin, host, name)
  const access = await accessOf(stage, admin, host, { ...inventory, tenant: name })
  const { id: operation } = await admin.api.post<Id>(`/credentials/${inventory.credential}/rotate`)
  await eventually(async () => {
    const { state } = await admin.api.get<{ state: string }>(`/operations/${operation}`)
    return state === 'succeeded'
  }, 30_000)
  const { device, credential, strengthProfile, template } = inventory
  const { id: auditDestination } = await admin.api.post<Id>(
    '/audit-destinations',
    sampleBodies.createAuditDestination,
  )
  const objects = { device, credential, strengthProfile, template, operation, auditDestination }
  const ids = { ...people, ...access, ...objects }
  return { name, tenantId: made.tenant.id, admin, ids }
}

const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8Ht8Z3j6yDWPBHQtOp/R9rjWvfMYo3MSA/K6q8D86r'

const peopleOf = async ({ api }: Person) => {
  const { id: role } = await api.post<Id>('/roles', { name: 'helpdesk', permissions: ['user.read'] })
  const { user } = await api.post<{ user: Id }>('/users', { userName: 'bob', roleIds: [role] })
  const { id: userGroup } = await api.post<Id>('/user-groups', { name: 'admins', userIds: [user.id] })
  const { id: sshKey } = await api.post<Id>('/me/ssh-keys', { name: 'laptop', publicKey })
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
  const { apiToken } = await api.post<{ apiToken: Id }>('/api-tokens', {
    name: 'ci',
    permissions: ['device.read'],
    expiresAt,
  })
  const { items } = await api.get<Page<Id>>('/login-sessions')
  return { user: user.id, role, userGroup, sshKey, apiToken: apiToken.id, loginSession: idOf(items) }
}

type Inventory = {
  device: string
  deviceName: string
  credential: string
  exclusive: string
  strengthProfile: string
  template: string
}

const inventoryOf = async ({ api }: Person, host: Host, tag: string): Promise<Inventory> => {
  const { deviceId: device, deviceName, credentialId: credential } = await guard(api, host, tag)
  const { id: strengthProfile } = await api.post<Id>('/strength-profiles', {
    name: 'strong',
    rules: { length: 24, minDigits: 2 },
  })
  const { id: exclusive } = await api.post<Id>('/credentials', {
    username: 'root',
    type: 'local-admin',
    secretKind: 'password',
    deviceIds: [device],
    tags: [tag],
    exclusiveCustody: true,
    initialSecret: { secret: `the root password of ${tag}` },
  })
  const { id: template } = await api.post<Id>('/templates', {
    name: 'own',
    executor: 'ssh',
    source: 'exec "true"\n',
  })
  const { items } = await api.get<Page<Id & { name: string }>>('/templates?limit=200')
  const templateId = idOf(items.filter(({ name }) => name === 'Linux: change own password'))
  await api.put(
    `/credentials/${credential}/rotation-policy`,
    { deviceId: device, templateId },
    { ifMatch: 0 },
  )
  return { device, deviceName, credential, exclusive, strengthProfile, template }
}

const accessOf = async (
  { platform }: Stage,
  admin: Person,
  host: Host,
  { tenant, device, deviceName, credential, exclusive }: Inventory & { tenant: string },
) => {
  const { api } = admin
  // Nobody gives access to themselves.
  const second = await secondAdministrator(admin, tenant)
  const rules = { view: { allowed: true }, session: { allowed: true, justification: true } }
  const { id: accessGroup } = await allow(second.api, tenant, [admin], rules)
  const request = await api.post<Id>('/requests', {
    credentialId: credential,
    deviceId: device,
    action: 'session',
    justification: 'ticket OPS-4711',
  })
  const reveal = { deviceId: device }
  const { custodyId } = await api.post<{ custodyId: string }>(`/credentials/${exclusive}/reveal`, reveal)
  const login = await loginAt(platform, admin, host.account, { deviceName })
  const shell = await runLibraryShell({ ...login, loginName: `${tenant}/${login.loginName}` })
  shell.write('exit\n')
  await shell.exit
  const session = await eventually(async () => {
    const { items } = await api.get<Page<Id & { state: string }>>('/sessions')
    return items[0]?.state === 'ended' && items[0].id
  })
  return { accessGroup, request: request.id, custody: custodyId, session }
}

const secondAdministrator = async ({ api }: Person, tenant: string): Promise<Person> => {
  const { items } = await api.get<Page<Id & { name: string }>>('/roles?limit=200')
  const roleIds = [idOf(items.filter(({ name }) => name === 'administrator'))]
  const userName = 'second'
  const { initialPassword } = await api.post<{ initialPassword: string }>('/users', { userName, roleIds })
  return signInFirst(api.baseUrl, { tenant, userName, initialPassword })
}

const idOf = ([first]: readonly Id[]): string => {
  if (!first) throw new Error('There is none')
  return first.id
}
