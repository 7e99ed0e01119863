import { noActor, noSubject } from '@sallyport/audit-events/ocsf'
import { safeText } from '@sallyport/audit-events/safe-text'
import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import { isUuid } from '@sallyport/database/uuid-v7'
import type { EventRecord } from '@sallyport/events/event-record'
import type { NewRecord } from '../store/append-records.ts'

const maxText = 1000
const maxDetails = 50

const text = (value: string): string => safeText(value, maxText)

// A code or detail of a newer service is kept: the catalogue of this version is not a reason to lose an event.
const detailsOf = (details: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(details)
      .slice(0, maxDetails)
      .map(([key, value]) => [text(key), text(value)]),
  )

const outcomeOf = (outcome: string): 'success' | 'failure' => (outcome === 'success' ? 'success' : 'failure')

/**
 * Reads an intake event and makes it safe to keep, whoever wrote it.
 * @throws TypeError or a decoding error for one that cannot have been written by a service of ours
 */
export const acceptEvent = (record: EventRecord): NewRecord => {
  const event = AuditEvent.decode(record.payload)
  if (!isUuid(event.id) || !isUuid(event.tenantId))
    throw new TypeError('An audit event has no id or no tenant')
  if (event.tenantId !== record.tenantId)
    throw new TypeError('An audit event names another tenant than its envelope')
  const actor = event.actor ?? noActor
  const target = event.target ?? noSubject
  return {
    tenantId: event.tenantId,
    eventId: event.id,
    code: text(event.code),
    occurredAt: event.occurredAt ?? record.time,
    service: text(event.service),
    outcome: outcomeOf(event.outcome),
    actor: {
      kind: text(actor.kind),
      id: text(actor.id),
      name: text(actor.name),
      loginSessionId: text(actor.loginSessionId),
      sourceAddress: text(actor.sourceAddress),
    },
    target: { kind: text(target.kind), id: text(target.id), name: text(target.name) },
    requestId: text(event.requestId),
    sessionId: text(event.sessionId),
    grantId: text(event.grantId),
    correlationId: text(event.correlationId),
    details: detailsOf(event.details),
  }
}
