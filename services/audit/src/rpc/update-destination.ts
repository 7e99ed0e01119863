import { recordAudit } from '@sallyport/audit-events/record'
import { UpdateDestinationRequest, UpdateDestinationResponse } from '@sallyport/contracts/audit/v1/forwarding'
import type { Pool } from '@sallyport/database/pool'
import type { Call } from '@sallyport/rpc/call'
import { changedSettings } from '../domain/forwarding/destination.ts'
import { getDestination, headOf, updateDestination as writeDestination } from '../store/destinations.ts'
import { destinationId, destinationMessage, settingsOf } from './destination-message.ts'
import { write } from './write.ts'

type Deps = { readonly pool: Pool; readonly clock: { readonly now: () => Date } }

export const updateDestination =
  ({ pool, clock }: Deps) =>
  (request: UpdateDestinationRequest, call: Call): Promise<UpdateDestinationResponse> => {
    const id = destinationId(request.id)
    const settings = settingsOf(request.settings)
    return write(pool, call, [request, UpdateDestinationRequest], UpdateDestinationResponse, async sql => {
      const { tenantId } = call.caller
      const before = await getDestination(sql, tenantId, id)
      const at = { id, tenantId, version: request.version, now: clock.now() }
      const after = await writeDestination(sql, at, settings)
      const { name, host, port, format } = after
      await recordAudit(sql, call, 'audit_destination.updated', {
        target: { kind: 'audit-destination', id, name },
        details: { name, host, port, format, fields: changedSettings(before, settings) },
      })
      return { destination: destinationMessage(after, await headOf(sql, tenantId)) }
    })
  }
