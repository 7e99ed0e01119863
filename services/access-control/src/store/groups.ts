import { SallyportError } from '@sallyport/errors/error'
import type { AccessGroup, UserGroup } from '../generated/prisma/client.ts'
import type { Tx } from './store.ts'

export const findUserGroup = async (tx: Tx, id: string): Promise<UserGroup> => {
  const group = await tx.userGroup.findUnique({ where: { id } })
  if (group === null) throw new SallyportError('user_group.not_found')
  return group
}

export const findAccessGroup = async (tx: Tx, id: string): Promise<AccessGroup> => {
  const group = await tx.accessGroup.findUnique({ where: { id } })
  if (group === null) throw new SallyportError('access_group.not_found')
  return group
}

/** Ids that a definition names must be there, in this tenant. */
export const checkUsersExist = async (tx: Tx, ids: readonly string[]): Promise<void> => {
  const unique = [...new Set(ids)]
  if ((await tx.user.count({ where: { id: { in: unique } } })) !== unique.length) {
    throw new SallyportError('user.not_found')
  }
}

export const checkUserGroupsExist = async (tx: Tx, ids: readonly string[]): Promise<void> => {
  const unique = [...new Set(ids)]
  if ((await tx.userGroup.count({ where: { id: { in: unique } } })) !== unique.length) {
    throw new SallyportError('user_group.not_found')
  }
}

/** Everybody whom an access group names. */
export const checkMembersExist = async (
  tx: Tx,
  definition: Pick<AccessGroup, 'userIds' | 'userGroupIds' | 'approverUserIds' | 'approverGroupIds'>,
): Promise<void> => {
  await checkUsersExist(tx, [...definition.userIds, ...definition.approverUserIds])
  await checkUserGroupsExist(tx, [...definition.userGroupIds, ...definition.approverGroupIds])
}
