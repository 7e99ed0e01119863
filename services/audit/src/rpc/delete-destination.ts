import { recordAudit } from '@sallyport/audit-events/record'
import { DeleteDestinationRequest, DeleteDestinationResponse } from '@sallyport/contracts/audit/v1/forwarding'
import type { Pool } from '@sallyport/database/pool'
import type { Call } from '@sallyport/rpc/call'
import { getDestination, deleteDestination as removeDestination } from '../store/destinations.ts'
import { destinationId } from './destination-message.ts'
import { write } from './write.ts'

export const deleteDestination =
  ({ pool }: { readonly pool: Pool }) =>
  (request: DeleteDestinationRequest, call: Call): Promise<DeleteDestinationResponse> => {
    const id = destinationId(request.id)
    return write(pool, call, [request, DeleteDestinationRequest], DeleteDestinationResponse, async sql => {
      const { tenantId } = call.caller
      const { name, position } = await getDestination(sql, tenantId, id)
      await removeDestination(sql, { id, tenantId, version: request.version })
      await recordAudit(sql, call, 'audit_destination.deleted', {
        target: { kind: 'audit-destination', id, name },
        details: { name, position },
      })
      return {}
    })
  }
