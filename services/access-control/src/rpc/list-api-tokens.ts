import type {
  ListApiTokensRequest,
  ListApiTokensResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { apiTokenMessage } from './api-token-message.ts'
import { before, take } from './paging.ts'

export const listApiTokens =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: ListApiTokensRequest, { caller }: Call): Promise<ListApiTokensResponse> => {
    const query = pageQuery(request.page, 1)
    const rows = await store.inTenant(caller.tenantId, tx =>
      tx.apiToken.findMany({ where: { userId: caller.userId, ...before(query) }, ...take(query) }),
    )
    const { items, nextCursor } = pageOf(rows, query, row => [row.id])
    return { apiTokens: items.map(apiTokenMessage), page: { nextCursor } }
  }
