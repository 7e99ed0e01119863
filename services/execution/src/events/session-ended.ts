import { SessionEnded } from '@sallyport/contracts/events/v1/domain'
import type { Sql } from '@sallyport/database/sql'
import type { EventRecord } from '@sallyport/events/event-record'
import { orderRotation } from './order-rotation.ts'

/** Within a session a person may have learnt or planted something with the account's password. */
export const onSessionEnded = (event: EventRecord, sql: Sql): Promise<void> => {
  const { credentialId, sessionId, endedAt } = SessionEnded.decode(event.payload)
  return orderRotation(sql, {
    tenantId: event.tenantId,
    credentialId,
    trigger: 'session',
    causeId: sessionId,
    happenedAt: endedAt ?? event.time,
  })
}
