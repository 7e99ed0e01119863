import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Tx } from '../store/store.ts'

type Members = { readonly userIds: readonly string[]; readonly userGroupIds: readonly string[] }

/**
 * Refuses a definition that has its author among its users, directly or through a user group; a new one, for it would
 * give them access, and one that is changed or removed, for the strictest of several is what holds them back.
 * INVARIANT: who administers access groups cannot reach a secret alone; it takes a second person.
 */
export const refuseSelfGrant = async (tx: Tx, { caller }: Call, definition: Members): Promise<void> => {
  const groups = await tx.userGroup.count({
    where: { id: { in: [...definition.userGroupIds] }, userIds: { has: caller.userId } },
  })
  if (groups > 0 || definition.userIds.includes(caller.userId))
    throw new SallyportError('access_group.self_grant')
}

/**
 * Refuses to let somebody put themselves into a user group or out of it: access groups may stand behind it, and give
 * access or restrict it.
 */
export const refuseSelfMembership = (
  { caller }: Call,
  before: readonly string[],
  after: readonly string[],
): void => {
  const moved = before.includes(caller.userId) !== after.includes(caller.userId)
  if (moved) throw new SallyportError('access_group.self_grant')
}
