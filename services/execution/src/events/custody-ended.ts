import { CustodyEnded } from '@sallyport/contracts/events/v1/domain'
import type { Sql } from '@sallyport/database/sql'
import type { EventRecord } from '@sallyport/events/event-record'
import { orderRotation } from './order-rotation.ts'

/** Who held it exclusively must not know it any more. */
export const onCustodyEnded = (event: EventRecord, sql: Sql): Promise<void> => {
  const { credentialId, custodyId } = CustodyEnded.decode(event.payload)
  return orderRotation(sql, {
    tenantId: event.tenantId,
    credentialId,
    trigger: 'custody',
    causeId: custodyId,
    happenedAt: event.time,
  })
}
