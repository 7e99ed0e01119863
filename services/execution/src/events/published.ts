import { RotationEnded } from '@sallyport/contracts/events/v1/domain'
import type { Sql } from '@sallyport/database/sql'
import { domainEvents } from '@sallyport/events/domain-events'
import { appendEvent } from '@sallyport/events/outbox'

/** Tells everybody that a change of a secret has ended, one way or the other. */
export const rotationEnded = (sql: Sql, event: RotationEnded): Promise<void> =>
  appendEvent(sql, {
    topic: domainEvents.RotationEnded.topic,
    key: event.credentialId,
    tenantId: event.tenantId,
    type: 'RotationEnded',
    payload: RotationEnded.encode(event).finish(),
  })
