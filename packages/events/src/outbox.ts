import type { Sql } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { packBytes } from './packed-bytes.ts'

/** An event to publish. `key` is the aggregate's id: events with the same key arrive in order. */
export type NewEvent = {
  /** UUIDv7; consumers ignore an id that they have seen. Chosen here if left out. */
  id?: string
  topic: string
  key: string
  tenantId: string
  /** The name of the message in `sallyport.events.v1`, such as `GrantEnded`. */
  type: string
  payload: Uint8Array
}

const insert = `
  insert into outbox (id, topic, key, tenant_id, type, payload)
  select id, topic, key, tenant_id, type, substring($8::bytea from start for length)
  from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::int[], $7::int[])
    with ordinality as event(id, topic, key, tenant_id, type, start, length, place)
  order by place`

/**
 * Queues events in the caller's transaction: they are published if, and only if, it commits, in this order.
 * INVARIANT: the change and its events commit together. A failure here must fail the whole transaction.
 */
export const appendEvents = async (sql: Sql, events: readonly NewEvent[]): Promise<void> => {
  if (events.length === 0) return
  const { bytes, starts, lengths } = packBytes(events.map(({ payload }) => payload))
  await sql.query(insert, [
    events.map(event => event.id ?? uuidV7()),
    events.map(event => event.topic),
    events.map(event => event.key),
    events.map(event => event.tenantId),
    events.map(event => event.type),
    starts,
    lengths,
    bytes,
  ])
}

const insertOne = `
  insert into outbox (id, topic, key, tenant_id, type, payload)
  values ($1::uuid, $2::text, $3::text, $4::uuid, $5::text, $6::bytea)`

/** Queues one event in the caller's transaction; see {@link appendEvents}. */
export const appendEvent = async (sql: Sql, event: NewEvent): Promise<void> => {
  const { id = uuidV7(), topic, key, tenantId, type, payload } = event
  await sql.query(insertOne, [id, topic, key, tenantId, type, Buffer.from(payload)])
}
