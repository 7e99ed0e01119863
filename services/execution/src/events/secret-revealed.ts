import { SecretRevealed } from '@sallyport/contracts/events/v1/domain'
import type { Sql } from '@sallyport/database/sql'
import type { EventRecord } from '@sallyport/events/event-record'
import { orderRotation } from './order-rotation.ts'

/** Whoever saw a secret knows it until it is changed. */
export const onSecretRevealed = (event: EventRecord, sql: Sql): Promise<void> => {
  const { credentialId, ticketId, revealedAt } = SecretRevealed.decode(event.payload)
  return orderRotation(sql, {
    tenantId: event.tenantId,
    credentialId,
    trigger: 'reveal',
    causeId: ticketId,
    happenedAt: revealedAt ?? event.time,
  })
}
