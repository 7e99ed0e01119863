import { recordAudit } from '@sallyport/audit-events/record'
import { CreateDestinationRequest, CreateDestinationResponse } from '@sallyport/contracts/audit/v1/forwarding'
import type { Pool } from '@sallyport/database/pool'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import type { Call } from '@sallyport/rpc/call'
import { headOf, insertDestination } from '../store/destinations.ts'
import { destinationMessage, settingsOf } from './destination-message.ts'
import { positionBefore } from './position.ts'
import { write } from './write.ts'

type Deps = { readonly pool: Pool; readonly clock: { readonly now: () => Date } }

export const createDestination =
  ({ pool, clock }: Deps) =>
  (request: CreateDestinationRequest, call: Call): Promise<CreateDestinationResponse> => {
    const settings = settingsOf(request.settings)
    return write(pool, call, [request, CreateDestinationRequest], CreateDestinationResponse, async sql => {
      const { tenantId } = call.caller
      const now = clock.now()
      const head = await headOf(sql, tenantId)
      const position = request.from === 0n ? head : positionBefore(request.from, head)
      const made = await insertDestination(sql, { id: uuidV7(now), tenantId, position, now }, settings)
      const { name, host, port, format } = made
      await recordAudit(sql, call, 'audit_destination.created', {
        target: { kind: 'audit-destination', id: made.id, name },
        details: { name, host, port, format, from: position + 1 },
      })
      return { destination: destinationMessage(made, head) }
    })
  }
