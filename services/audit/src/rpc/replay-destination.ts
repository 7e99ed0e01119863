import { recordAudit } from '@sallyport/audit-events/record'
import { ReplayDestinationRequest, ReplayDestinationResponse } from '@sallyport/contracts/audit/v1/forwarding'
import type { Pool } from '@sallyport/database/pool'
import type { Call } from '@sallyport/rpc/call'
import { getDestination, headOf, moveDestination } from '../store/destinations.ts'
import { destinationId, destinationMessage } from './destination-message.ts'
import { positionBefore } from './position.ts'
import { write } from './write.ts'

type Deps = { readonly pool: Pool; readonly clock: { readonly now: () => Date } }

/** Sends again from a record on, or leaves out what comes before it: both are for the trail to know. */
export const replayDestination =
  ({ pool, clock }: Deps) =>
  (request: ReplayDestinationRequest, call: Call): Promise<ReplayDestinationResponse> => {
    const id = destinationId(request.id)
    return write(pool, call, [request, ReplayDestinationRequest], ReplayDestinationResponse, async sql => {
      const { tenantId } = call.caller
      const before = await getDestination(sql, tenantId, id)
      const head = await headOf(sql, tenantId)
      const position = positionBefore(request.from, head)
      const at = { id, tenantId, version: request.version, now: clock.now() }
      const after = await moveDestination(sql, at, position)
      await recordAudit(sql, call, 'audit_destination.replayed', {
        target: { kind: 'audit-destination', id, name: after.name },
        details: { name: after.name, position: before.position, from: position + 1 },
      })
      return { destination: destinationMessage(after, head) }
    })
  }
