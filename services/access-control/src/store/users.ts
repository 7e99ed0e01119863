import { SallyportError } from '@sallyport/errors/error'
import { isPermission, type Permission } from '@sallyport/identity/permissions'
import { type BuiltInRole, refuseEscalation } from '../domain/roles.ts'
import type { User } from '../generated/prisma/client.ts'
import type { Tx } from './store.ts'

export const findUser = async (tx: Tx, id: string): Promise<User> => {
  const user = await tx.user.findUnique({ where: { id } })
  if (user === null) throw new SallyportError('user.not_found')
  return user
}

/** What roles permit together. A permission that this version does not know gives nothing. */
export const permissionsOfRoles = async (tx: Tx, roleIds: readonly string[]): Promise<Set<Permission>> => {
  const roles = await tx.role.findMany({ where: { id: { in: [...roleIds] } } })
  return new Set(roles.flatMap(role => role.permissions).filter(isPermission))
}

/** Roles that somebody wants to give: they exist, and permit no more than he may. */
export const checkGivenRoles = async (
  tx: Tx,
  roleIds: readonly string[],
  own: ReadonlySet<Permission>,
): Promise<string[]> => {
  const wanted = [...new Set(roleIds)]
  const found = await tx.role.count({ where: { id: { in: wanted } } })
  if (found !== wanted.length) throw new SallyportError('role.not_found')
  refuseEscalation(await permissionsOfRoles(tx, wanted), own)
  return wanted
}

/** Whoever governs a user could become that user (by a new password, say), so may do at least as much already. */
export const refuseGoverningUp = async (
  tx: Tx,
  user: { roleIds: readonly string[] },
  own: ReadonlySet<Permission>,
): Promise<void> => refuseEscalation(await permissionsOfRoles(tx, user.roleIds), own)

/**
 * Refuses what leaves a tenant without an enabled administrator: nobody else could give that role again. To be called
 * after the change, in an ending transaction, so that two administrators cannot remove each other at once.
 */
export const refuseLosingLastAdministrator = async (tx: Tx): Promise<void> => {
  const name: BuiltInRole = 'administrator'
  const role = await tx.role.findFirstOrThrow({ where: { builtIn: true, name } })
  const left = await tx.user.count({ where: { disabled: false, roleIds: { has: role.id } } })
  if (left === 0) throw new SallyportError('user.last_administrator')
}
