import type {
  ListTenantsRequest,
  ListTenantsResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { checkOperator } from '../store/tenants.ts'
import { before, take } from './paging.ts'
import { tenantMessage } from './tenant-message.ts'

export const listTenants =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: ListTenantsRequest, { caller }: Call): Promise<ListTenantsResponse> => {
    const query = pageQuery(request.page, 1)
    const rows = await store.inTenant(caller.tenantId, async tx => {
      await checkOperator(tx, caller.tenantId)
      return tx.tenant.findMany({ where: before(query), ...take(query) })
    })
    const { items, nextCursor } = pageOf(rows, query, row => [row.id])
    return { tenants: items.map(tenantMessage), page: { nextCursor } }
  }
