import type { TrailRecord } from './trail-record.ts'

/** The columns by which the trail is queried, besides the sequence number. They repeat what the body says. */
export type Columns = {
  readonly event_id: string
  readonly code: string
  readonly occurred_at: Date
  readonly recorded_at: Date
  readonly service: string
  readonly outcome: string
  readonly actor_id: string
  readonly actor_name: string
  readonly target_kind: string
  readonly target_id: string
  readonly target_name: string
  readonly request_id: string
  readonly session_id: string
  readonly grant_id: string
}

export const columnsOf = (record: TrailRecord): Columns => ({
  event_id: record.eventId,
  code: record.code,
  occurred_at: record.occurredAt,
  recorded_at: record.recordedAt,
  service: record.service,
  outcome: record.outcome,
  actor_id: record.actor.id,
  actor_name: record.actor.name,
  target_kind: record.target.kind,
  target_id: record.target.id,
  target_name: record.target.name,
  request_id: record.requestId,
  session_id: record.sessionId,
  grant_id: record.grantId,
})

const same = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Date && b instanceof Date && a.getTime() === b.getTime())

/** The columns that say something else than the body. Nobody who queries by them would find the record. */
export const strayColumns = (columns: Readonly<Record<string, unknown>>, record: TrailRecord): string[] =>
  Object.entries(columnsOf(record)).flatMap(([name, value]) => (same(columns[name], value) ? [] : [name]))
