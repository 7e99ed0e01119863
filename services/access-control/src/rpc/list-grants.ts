import type { ListGrantsRequest, ListGrantsResponse } from '@sallyport/contracts/access_control/v1/access'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { checkedId, checkPermission } from './checks.ts'
import { grantMessage } from './grant-message.ts'
import { before, take } from './paging.ts'

/** Reads grants: one's own, or with grant.read everybody's. */
export const listGrants =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: ListGrantsRequest, call: Call): Promise<ListGrantsResponse> => {
    const { tenantId, userId } = call.caller
    if (request.userId !== userId) checkPermission(call, 'grant.read')
    const query = pageQuery(request.page, 1)
    const rows = await store.inTenant(tenantId, tx =>
      tx.grant.findMany({
        where: {
          ...before(query),
          ...(request.userId && { userId: checkedId(request.userId, 'user.not_found') }),
          ...(request.requestId && { requestId: checkedId(request.requestId, 'access_request.not_found') }),
          ...(request.liveOnly && { endedAt: null, endsAt: { gt: clock.now() } }),
        },
        ...take(query),
      }),
    )
    const { items, nextCursor } = pageOf(rows, query, row => [row.id])
    return { grants: items.map(grantMessage), page: { nextCursor } }
  }
