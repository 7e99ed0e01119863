import type { ListUsersRequest, ListUsersResponse } from '@sallyport/contracts/access_control/v1/directory'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { before, take } from './paging.ts'
import { userMessages } from './user-message.ts'

export const listUsers =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: ListUsersRequest, { caller }: Call): Promise<ListUsersResponse> => {
    const query = pageQuery(request.page, 1)
    return store.inTenant(caller.tenantId, async tx => {
      const rows = await tx.user.findMany({
        where: { ...before(query), ...found(request.search) },
        ...take(query),
      })
      const { items, nextCursor } = pageOf(rows, query, row => [row.id])
      return { users: await userMessages(tx, items, clock.now()), page: { nextCursor } }
    })
  }

const found = (search: string) => {
  if (search === '') return {}
  const contains = {
    contains: search.replace(/[\\%_]/g, '\\$&').replaceAll('\0', ''),
    mode: 'insensitive' as const,
  }
  return { OR: [{ userName: contains }, { displayName: contains }, { email: contains }] }
}
