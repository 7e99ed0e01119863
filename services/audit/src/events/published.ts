import { toOcsf } from '@sallyport/audit-events/ocsf'
import type { Sql } from '@sallyport/database/sql'
import { appendEvents } from '@sallyport/events/outbox'
import type { TrailRecord } from '../domain/trail-record.ts'

export const trailTopicPrefix = 'sallyport.audit.v1.'

/** The topic that a tenant's SIEM subscribes to. */
export const trailTopic = (tenantId: string): string => `${trailTopicPrefix}${tenantId}`

/** The record as one line of OCSF JSON, with its sequence number. */
export const ocsfLine = (record: TrailRecord): string => {
  const { eventId: id, sequence, recordedAt, ...event } = record
  return JSON.stringify(
    toOcsf({ ...event, id, details: { ...event.details } }, { sequence: BigInt(sequence), recordedAt }),
  )
}

/**
 * Tells subscribers of the tenant's trail, in the transaction that makes the records part of it.
 * @param traces where each event stands in a trace, by its id
 */
export const publishRecords = (
  sql: Sql,
  records: readonly TrailRecord[],
  traces: ReadonlyMap<string, string | undefined>,
): Promise<void> =>
  appendEvents(
    sql,
    records.map(record => ({
      // The event's own id: a subscriber that sees it twice can tell.
      id: record.eventId,
      topic: trailTopic(record.tenantId),
      key: record.tenantId,
      tenantId: record.tenantId,
      type: 'sallyport.audit.record',
      payload: Buffer.from(ocsfLine(record)),
      traceparent: traces.get(record.eventId),
    })),
  )
