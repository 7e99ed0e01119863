import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { formatToken } from '@sallyport/access-control/domain/opaque-token'
import { operatorPermissions } from '@sallyport/access-control/domain/roles'
import { isPermission, type Permission, permissions } from '@sallyport/identity/permissions'
import { connectApi } from '@sallyport/api-client/api'
import type { FurnishedTenant } from './furnished-tenant.ts'
import type { Superuser } from './superuser.ts'

/** Somebody who calls: by which token, and what that may do. */
export type Somebody = {
  readonly name: string
  readonly token: string | undefined
  readonly kind: 'nobody' | 'person' | 'program'
  readonly permissions: ReadonlySet<Permission>
  readonly userId: string
}

type Id = { id: string }
type Tenant = Pick<FurnishedTenant, 'tenantId' | 'admin'>

/** A login session of a user without signing in, which takes a second each time: its row, and the token for it. */
export const mintSession = async (
  db: Superuser,
  tenantId: string,
  userId: string,
): Promise<{ id: string; token: string }> => {
  const token = formatToken({ kind: 'session', tenantId, secret: randomBytes(32).toString('base64url') })
  const id = randomUUID()
  await db.query(
    `insert into access_control.login_sessions values
       ($1, $2, $3, $4, 'web', '192.0.2.1', now(), now(), now() + interval '1 hour', null)`,
    [id, tenantId, userId, createHash('sha256').update(token).digest()],
  )
  return { id, token }
}

const ofATenant = Object.keys(permissions)
  .filter(isPermission)
  .filter(permission => !operatorPermissions.has(permission))

/** One person for each built-in role and for each permission, two programs, and three who are nobody. */
export const castOfRoles = async (db: Superuser, tenant: Tenant): Promise<Somebody[]> => {
  const { api } = tenant.admin
  const { items: roles } = await api.get<{ items: (Id & { name: string; permissions: string[] })[] }>(
    '/roles?limit=200',
  )
  const personWith = async (name: string, role: Id, granted: readonly string[]): Promise<Somebody> => {
    const { user } = await api.post<{ user: Id }>('/users', {
      userName: `m-${name.replaceAll(/[. ]/g, '-')}`,
      roleIds: [role.id],
    })
    const { token } = await mintSession(db, tenant.tenantId, user.id)
    return {
      name,
      token,
      kind: 'person',
      permissions: new Set(granted.filter(isPermission)),
      userId: user.id,
    }
  }
  const cast: Somebody[] = [
    nobody('nobody', undefined),
    nobody('a wrong token', `sps_${'0'.repeat(32)}_${'x'.repeat(43)}`),
  ]
  for (const name of ['administrator', 'approver', 'auditor', 'user']) {
    const role = roles.find(one => one.name === name)
    if (!role) throw new Error(`There is no role ${name}`)
    cast.push(await personWith(name, role, role.permissions))
  }
  for (const permission of ofATenant) {
    const role = await api.post<Id>('/roles', { name: `only ${permission}`, permissions: [permission] })
    cast.push(await personWith(permission, role, [permission]))
  }
  const owner = cast.find(({ name }) => name === 'administrator')
  if (!owner) throw new Error('There is no administrator')
  cast.push(await program(api.baseUrl, owner, []), await program(api.baseUrl, owner, ofATenant))
  const gone = await personWith(
    'somebody disabled',
    { id: roles.find(one => one.name === 'administrator')?.id ?? '' },
    [],
  )
  const { version } = await api.get<{ version: number }>(`/users/${gone.userId}`)
  await api.patch(`/users/${gone.userId}`, { disabled: true }, version)
  return [...cast, { ...gone, kind: 'nobody' }]
}

const nobody = (name: string, token: string | undefined): Somebody => ({
  name,
  token,
  kind: 'nobody',
  permissions: new Set(),
  userId: '',
})

/** An API token of a person. */
const program = async (
  baseUrl: string,
  owner: Somebody,
  granted: readonly Permission[],
): Promise<Somebody> => {
  const name = `a program with ${granted.length} permissions`
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
  const body = { name, permissions: granted, expiresAt }
  const { token } = await connectApi(baseUrl, owner.token).post<{ token: string }>('/api-tokens', body)
  return { ...owner, name, token, kind: 'program', permissions: new Set(granted) }
}
