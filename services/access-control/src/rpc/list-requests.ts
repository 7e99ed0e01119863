import {
  type ListRequestsRequest,
  type ListRequestsResponse,
  RequestScope,
} from '@sallyport/contracts/access_control/v1/access'
import { pageOf, type PageQuery, pageQuery } from '@sallyport/database/page'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import { requestIdsToDecide } from '../store/requests-to-decide.ts'
import type { Tx } from '../store/store.ts'
import { checkPermission } from './checks.ts'
import { before, take } from './paging.ts'
import { requestMessages } from './request-message.ts'
import { readStateFilter } from './wire-enums.ts'

export const listRequests =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: ListRequestsRequest, call: Call): Promise<ListRequestsResponse> => {
    const query = pageQuery(request.page, 1)
    const state = readStateFilter(request.state)
    return store.inTenant(call.caller.tenantId, async tx => {
      const scope = await scopeOf(tx, request.scope, query, call)
      const rows = await tx.request.findMany({
        where: { AND: [scope, before(query), state === undefined ? {} : { state }] },
        include: { approvals: true },
        ...take(query),
      })
      const { items, nextCursor } = pageOf(rows, query, row => [row.id])
      return { requests: await requestMessages(tx, items), page: { nextCursor } }
    })
  }

const scopeOf = async (
  tx: Tx,
  scope: RequestScope,
  query: PageQuery,
  call: Call,
): Promise<Prisma.RequestWhereInput> => {
  const { userId } = call.caller
  if (scope === RequestScope.MINE) return { requesterId: userId }
  if (scope === RequestScope.ALL) {
    checkPermission(call, 'request.read')
    return {}
  }
  if (scope !== RequestScope.TO_DECIDE) throw new SallyportError('request.invalid', 'a scope is missing')
  const page = { before: before(query).id?.lt, limit: query.size + 1 }
  return { state: 'pending', id: { in: await requestIdsToDecide(tx, userId, page) } }
}
