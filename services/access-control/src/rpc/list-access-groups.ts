import type {
  ListAccessGroupsRequest,
  ListAccessGroupsResponse,
} from '@sallyport/contracts/access_control/v1/access'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { accessGroupMessage } from './access-group-message.ts'
import { before, take } from './paging.ts'

export const listAccessGroups =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: ListAccessGroupsRequest, { caller }: Call): Promise<ListAccessGroupsResponse> => {
    const query = pageQuery(request.page, 1)
    const rows = await store.inTenant(caller.tenantId, tx =>
      tx.accessGroup.findMany({ where: before(query), ...take(query) }),
    )
    const { items, nextCursor } = pageOf(rows, query, row => [row.id])
    return { accessGroups: items.map(accessGroupMessage), page: { nextCursor } }
  }
