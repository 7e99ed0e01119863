import type { Actor, AuditEvent, Subject } from '@sallyport/contracts/events/v1/audit'
import { rowOf } from './catalogue.ts'
import { severities } from './catalogue-row.ts'
import { classFields } from './ocsf-classes.ts'
import { endpointOf, filled, type OcsfObject, userOf } from './ocsf-objects.ts'
import { ocsfActivities } from './ocsf-activities.ts'

/** What the audit service adds to an event when it records it. */
export type Recorded = { readonly sequence: bigint; readonly recordedAt: Date }

export const noActor: Actor = { kind: 'anonymous', id: '', name: '', loginSessionId: '', sourceAddress: '' }
export const noSubject: Subject = { kind: '', id: '', name: '' }

// A code of a newer service is an OCSF base event (class 0), activity "other", of unknown severity.
const classificationOf = (code: string): OcsfObject => {
  const row = rowOf(code)
  const { class: classUid, activity } = row ? ocsfActivities[row.ocsf] : { class: 0, activity: 99 }
  return {
    category_uid: Math.floor(classUid / 1000),
    class_uid: classUid,
    activity_id: activity,
    type_uid: classUid * 100 + activity,
    severity_id: row ? severities[row.severity] : 0,
    message: row?.title ?? code,
  }
}

const metadataOf = (event: AuditEvent, recorded: Recorded | undefined): OcsfObject =>
  filled({
    version: '1.8.0',
    product: { name: 'Sallyport', vendor_name: 'Sallyport', feature: { name: event.service } },
    uid: event.id,
    event_code: event.code,
    tenant_uid: event.tenantId,
    correlation_uid: event.correlationId,
    sequence: recorded && Number(recorded.sequence),
    logged_time: recorded?.recordedAt.getTime(),
  })

const links = ({ requestId, sessionId, grantId }: AuditEvent): OcsfObject =>
  filled({ request_id: requestId, session_id: sessionId, grant_id: grantId })

/**
 * The event as an OCSF 1.8 object: what SIEM consumers get. What OCSF has no place for is under `unmapped`.
 * JSON.stringify of it is one line, whatever the event holds.
 */
export const toOcsf = (event: AuditEvent, recorded?: Recorded): OcsfObject => {
  const actor = event.actor ?? noActor
  const succeeded = event.outcome === 'success'
  const classification = classificationOf(event.code)
  return filled({
    ...classification,
    time: event.occurredAt?.getTime() ?? 0,
    status_id: succeeded ? 1 : 2,
    status: succeeded ? 'Success' : 'Failure',
    metadata: metadataOf(event, recorded),
    actor: filled({
      user: userOf(actor.kind, actor.id, actor.name),
      session: actor.loginSessionId ? { uid: actor.loginSessionId } : undefined,
    }),
    src_endpoint: endpointOf(actor, event.service),
    ...classFields(Number(classification['class_uid']), event, actor, event.target ?? noSubject),
    unmapped: filled({ ...links(event), ...event.details }),
  })
}
