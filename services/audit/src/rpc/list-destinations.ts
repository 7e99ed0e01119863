import type {
  ListDestinationsRequest,
  ListDestinationsResponse,
} from '@sallyport/contracts/audit/v1/forwarding'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Pool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { isUuid } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { headOf, listDestinations as readDestinations } from '../store/destinations.ts'
import { destinationMessage } from './destination-message.ts'

export const listDestinations =
  ({ pool }: { readonly pool: Pool }) =>
  (request: ListDestinationsRequest, call: Call): Promise<ListDestinationsResponse> => {
    const { tenantId } = call.caller
    const page = pageQuery(request.page, 1)
    const after = page.after?.[0]
    if (after !== undefined && !isUuid(after)) throw new SallyportError('cursor.invalid')
    return pgTenantTransaction(pool, tenantId, async sql => {
      const head = await headOf(sql, tenantId)
      const rows = await readDestinations(sql, tenantId, { after, limit: page.size + 1 })
      const { items, nextCursor } = pageOf(rows, page, ({ id }) => [id])
      return { destinations: items.map(item => destinationMessage(item, head)), page: { nextCursor } }
    })
  }
