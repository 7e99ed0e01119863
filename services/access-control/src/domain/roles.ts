import { SallyportError } from '@sallyport/errors/error'
import { isPermission, type Permission, permissions } from '@sallyport/identity/permissions'
import { normalizeUserName } from './user-name.ts'

export type BuiltInRole = 'administrator' | 'approver' | 'auditor' | 'user' | 'operator'

type BuiltIn = { description: string; permissions: readonly Permission[] }

/** Only users of the operator's tenant may have these. */
export const operatorPermissions: ReadonlySet<Permission> = new Set<Permission>([
  'tenant.manage',
  'signing-key.rotate',
  'key.rotate',
])

const everything = Object.keys(permissions).filter(isPermission)

/**
 * The roles that every tenant has. None reads a secret: that takes an access group and a grant, for everybody.
 * Approvers and users need no permission; what they may do is between them and the access groups.
 */
export const builtInRoles: Readonly<Record<BuiltInRole, BuiltIn>> = {
  administrator: {
    description: 'Manages users, inventory and access groups; reads no secret',
    permissions: everything.filter(permission => !operatorPermissions.has(permission)),
  },
  approver: {
    description: 'Decides on requests of the access groups that name them',
    permissions: ['user.read', 'access-group.read'],
  },
  auditor: {
    description: 'Sees what was configured and done; changes nothing',
    permissions: everything.filter(permission => permission.endsWith('.read')),
  },
  user: { description: 'Uses what access groups give', permissions: [] },
  operator: {
    description: 'Manages tenants and keys of the platform',
    permissions: [...operatorPermissions],
  },
}

/** A tenant's own role is never called like a built-in one, however it is spelled: people read names, not ids. */
export const refuseBuiltInName = (name: string): void => {
  if (Object.hasOwn(builtInRoles, normalizeUserName(name))) throw new SallyportError('role.name_taken')
}

/** The names as permissions; refuses what is not in the catalogue. */
export const checkedPermissions = (names: readonly string[]): Permission[] => {
  const unknown = names.find(name => !isPermission(name))
  if (unknown !== undefined) throw new SallyportError('request.invalid', 'unknown permission')
  return [...new Set(names.filter(isPermission))].toSorted()
}

/** INVARIANT: nobody gives, by a role or otherwise, a permission that he lacks himself. */
export const refuseEscalation = (given: Iterable<Permission>, own: ReadonlySet<Permission>): void => {
  for (const permission of given) {
    if (!own.has(permission)) {
      throw new SallyportError('role.escalation', undefined, { metadata: { permission } })
    }
  }
}
