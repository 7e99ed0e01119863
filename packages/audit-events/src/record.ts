import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import type { Sql } from '@sallyport/database/sql'
import { isUuid, uuidV7 } from '@sallyport/database/uuid-v7'
import { appendEvent, appendEvents, type NewEvent } from '@sallyport/events/outbox'
import type { AuditCode } from './catalogue.ts'
import { type Details, renderDetails } from './details.ts'
import { safeText } from './safe-text.ts'
import { type AuditActor, type AuditSource, systemSourceOf } from './source.ts'

/** Where services say what happened; the audit service listens. */
export const auditIntakeTopic = 'sallyport.audit-intake.v1'

/** What happened to what. */
export type AuditEntry<C extends AuditCode> = {
  readonly target?:
    | { readonly kind: string; readonly id: string; readonly name?: string | undefined }
    | undefined
  /** The access request, mediated session and grant that it belongs to. */
  readonly requestId?: string | undefined
  readonly sessionId?: string | undefined
  readonly grantId?: string | undefined
  /** `success` unless given. */
  readonly outcome?: 'success' | 'failure'
  readonly details?: Details<C>
  /** When it happened, if not now. */
  readonly at?: Date
}

const maxId = 200
const maxName = 400

const actorOf = (actor: AuditActor) => ({
  kind: actor.kind,
  id: safeText(actor.id ?? '', maxId),
  name: safeText(actor.name ?? '', maxName),
  loginSessionId: safeText(actor.loginSessionId ?? '', maxId),
  sourceAddress: safeText(actor.sourceAddress ?? '', maxId),
})

const subjectOf = (target: NonNullable<AuditEntry<AuditCode>['target']>) => ({
  kind: safeText(target.kind, maxId),
  id: safeText(target.id, maxId),
  name: safeText(target.name ?? '', maxName),
})

/** The event as it travels: only what the catalogue lists, all of it safe text of bounded length. */
export const auditEvent = <C extends AuditCode>(
  source: AuditSource,
  code: C,
  entry: AuditEntry<C>,
): AuditEvent => {
  const { service, tenantId, actor, correlationId } = systemSourceOf(source)
  if (!isUuid(tenantId)) throw new TypeError(`Audit event ${code} has no tenant`)
  return {
    id: uuidV7(),
    tenantId,
    code,
    // Otherwise it happened when the database says that it was written: the clock of this machine may be wrong.
    occurredAt: entry.at,
    service,
    outcome: entry.outcome ?? 'success',
    actor: actorOf(actor ?? { kind: 'service', id: service, name: service }),
    target: entry.target && subjectOf(entry.target),
    requestId: safeText(entry.requestId ?? '', maxId),
    sessionId: safeText(entry.sessionId ?? '', maxId),
    grantId: safeText(entry.grantId ?? '', maxId),
    correlationId: safeText(correlationId ?? '', maxId),
    details: renderDetails(code, entry.details ?? {}),
  }
}

/**
 * Says what happened, in the transaction in which it happens, and notes on the call that it was said.
 * INVARIANT: no audit record, no effect. A failure here must fail the caller's transaction: never catch it.
 *
 * @param source the `Call`, or for work without a signed-in user `{ service, tenantId, actor? }` or `onBehalfOf`
 */
export const recordAudit = async <C extends AuditCode>(
  sql: Sql,
  source: AuditSource,
  code: C,
  entry: AuditEntry<C> = {},
): Promise<void> => {
  await appendEvent(sql, intakeOf(auditEvent(source, code, entry)))
  source.audited?.add(code)
}

/**
 * The same for many of one kind that happen at once: one statement, however many.
 * INVARIANT: as of {@link recordAudit}.
 */
export const recordAudits = <C extends AuditCode>(
  sql: Sql,
  source: AuditSource,
  code: C,
  entries: readonly AuditEntry<C>[],
): Promise<void> =>
  recordEach(
    sql,
    code,
    entries.map(entry => ({ source, entry })),
  )

/** The same where each has a source of its own. */
export const recordEach = async <C extends AuditCode>(
  sql: Sql,
  code: C,
  events: readonly { readonly source: AuditSource; readonly entry: AuditEntry<C> }[],
): Promise<void> => {
  await appendEvents(
    sql,
    events.map(({ source, entry }) => intakeOf(auditEvent(source, code, entry))),
  )
  for (const { source } of events) source.audited?.add(code)
}

const intakeOf = (event: AuditEvent): NewEvent => ({
  id: event.id,
  topic: auditIntakeTopic,
  key: event.tenantId,
  tenantId: event.tenantId,
  type: 'AuditEvent',
  payload: AuditEvent.encode(event).finish(),
})
