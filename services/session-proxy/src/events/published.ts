import { SessionEnded } from '@sallyport/contracts/events/v1/domain'
import type { Sql } from '@sallyport/database/sql'
import { domainEvents } from '@sallyport/events/domain-events'
import { appendEvent } from '@sallyport/events/outbox'
import type { SessionFacts } from '../sessions/live-session.ts'

/** A session is over: execution may change the credential now. */
export const publishSessionEnded = (sql: Sql, facts: SessionFacts, endedAt: Date): Promise<void> =>
  appendEvent(sql, {
    topic: domainEvents.SessionEnded.topic,
    key: facts.id,
    tenantId: facts.tenantId,
    type: 'SessionEnded',
    payload: SessionEnded.encode({
      tenantId: facts.tenantId,
      sessionId: facts.id,
      credentialId: facts.credentialId,
      deviceId: facts.deviceId,
      userId: facts.userId,
      requestId: facts.requestId,
      endedAt,
    }).finish(),
  })
