import type {
  ListUserGroupsRequest,
  ListUserGroupsResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { before, take } from './paging.ts'
import { userGroupMessage } from './user-group-message.ts'

export const listUserGroups =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: ListUserGroupsRequest, { caller }: Call): Promise<ListUserGroupsResponse> => {
    const query = pageQuery(request.page, 1)
    const rows = await store.inTenant(caller.tenantId, tx =>
      tx.userGroup.findMany({ where: before(query), ...take(query) }),
    )
    const { items, nextCursor } = pageOf(rows, query, row => [row.id])
    return { userGroups: items.map(userGroupMessage), page: { nextCursor } }
  }
