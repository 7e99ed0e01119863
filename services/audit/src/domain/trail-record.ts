/** What the trail keeps of one event. */
export type TrailRecord = {
  readonly tenantId: string
  /** Counts from 1 in each tenant, without gaps. */
  readonly sequence: number
  readonly eventId: string
  readonly code: string
  readonly occurredAt: Date
  readonly recordedAt: Date
  readonly service: string
  readonly outcome: string
  readonly actor: {
    readonly kind: string
    readonly id: string
    readonly name: string
    readonly loginSessionId: string
    readonly sourceAddress: string
  }
  readonly target: { readonly kind: string; readonly id: string; readonly name: string }
  readonly requestId: string
  readonly sessionId: string
  readonly grantId: string
  readonly correlationId: string
  readonly details: Readonly<Record<string, string>>
}

const sorted = (details: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(details).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** The record's canonical bytes, which the chain covers: JSON with its keys in this order. */
export const encodeBody = (record: TrailRecord): Buffer => {
  const { actor, target } = record
  const body = {
    format: 1,
    tenant_id: record.tenantId,
    sequence: record.sequence,
    event_id: record.eventId,
    code: record.code,
    occurred_at: record.occurredAt.toISOString(),
    recorded_at: record.recordedAt.toISOString(),
    service: record.service,
    outcome: record.outcome,
    actor: {
      kind: actor.kind,
      id: actor.id,
      name: actor.name,
      login_session_id: actor.loginSessionId,
      source_address: actor.sourceAddress,
    },
    target: { kind: target.kind, id: target.id, name: target.name },
    request_id: record.requestId,
    session_id: record.sessionId,
    grant_id: record.grantId,
    correlation_id: record.correlationId,
    details: sorted(record.details),
  }
  return Buffer.from(JSON.stringify(body))
}
