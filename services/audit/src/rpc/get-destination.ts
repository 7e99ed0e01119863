import type { GetDestinationRequest, GetDestinationResponse } from '@sallyport/contracts/audit/v1/forwarding'
import type { Pool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { Call } from '@sallyport/rpc/call'
import { getDestination as readDestination, headOf } from '../store/destinations.ts'
import { destinationId, destinationMessage } from './destination-message.ts'

export const getDestination =
  ({ pool }: { readonly pool: Pool }) =>
  (request: GetDestinationRequest, call: Call): Promise<GetDestinationResponse> => {
    const { tenantId } = call.caller
    const id = destinationId(request.id)
    return pgTenantTransaction(pool, tenantId, async sql => {
      const found = await readDestination(sql, tenantId, id)
      return { destination: destinationMessage(found, await headOf(sql, tenantId)) }
    })
  }
