import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { without } from '../domain/difference.ts'
import type { Tx } from '../store/store.ts'

type Members = { readonly userIds: readonly string[]; readonly userGroupIds: readonly string[] }

/**
 * Refuses a definition that has its author among its users, directly or through a user group.
 * INVARIANT: who administers access groups cannot reach a secret alone; it takes a second person.
 */
export const refuseSelfGrant = async (tx: Tx, { caller }: Call, definition: Members): Promise<void> => {
  const groups = await tx.userGroup.count({
    where: { id: { in: [...definition.userGroupIds] }, userIds: { has: caller.userId } },
  })
  if (groups > 0 || definition.userIds.includes(caller.userId))
    throw new SallyportError('access_group.self_grant')
}

/** Refuses to let somebody put themselves into a user group: access groups may stand behind it. */
export const refuseSelfMembership = (
  { caller }: Call,
  before: readonly string[],
  after: readonly string[],
): void => {
  if (without(after, before).includes(caller.userId)) throw new SallyportError('access_group.self_grant')
}
