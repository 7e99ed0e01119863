import { sqlStateOf } from '@sallyport/database/failure'
import type { Sql } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import { currentTraceparent } from '@sallyport/telemetry/span'
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
  /** Where it stands in a trace; what is under way unless given. */
  traceparent?: string | undefined
}

/**
 * Lost connections and serialization failures are told elsewhere as what they are, and data that PostgreSQL refuses is
 * our mistake. Everything else (a full disk, a right that is gone, a broken table) means: nothing can be recorded now.
 */
const toldElsewhere = /^(08|22|23|25|40|57)|^55P03$/

const unrecorded = (thrown: unknown): unknown => {
  const state = sqlStateOf(thrown)
  return state === undefined || toldElsewhere.test(state)
    ? thrown
    : new SallyportError('audit.unavailable', undefined, { cause: thrown })
}

const write = async (sql: Sql, statement: string, params: unknown[], name: string): Promise<void> => {
  try {
    await sql.query(statement, params, name)
  } catch (thrown) {
    throw unrecorded(thrown)
  }
}

const insert = `
  insert into outbox (id, topic, key, tenant_id, type, payload, traceparent)
  select id, topic, key, tenant_id, type, substring($8::bytea from start for length), traceparent
  from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::int[], $7::int[], $9::text[])
    with ordinality as event(id, topic, key, tenant_id, type, start, length, traceparent, place)
  order by place`

/**
 * Queues events in the caller's transaction: they are published if, and only if, it commits, in this order.
 * INVARIANT: the change and its events commit together. A failure here must fail the whole transaction.
 * Throws `audit.unavailable` if the outbox takes nothing.
 */
export const appendEvents = async (sql: Sql, events: readonly NewEvent[]): Promise<void> => {
  if (events.length === 0) return
  const here = currentTraceparent()
  const { bytes, starts, lengths } = packBytes(events.map(({ payload }) => payload))
  await write(
    sql,
    insert,
    [
      events.map(event => event.id ?? uuidV7()),
      events.map(event => event.topic),
      events.map(event => event.key),
      events.map(event => event.tenantId),
      events.map(event => event.type),
      starts,
      lengths,
      bytes,
      events.map(({ traceparent = here }) => traceparent),
    ],
    'append events',
  )
}

const insertOne = `
  insert into outbox (id, topic, key, tenant_id, type, payload, traceparent)
  values ($1::uuid, $2::text, $3::text, $4::uuid, $5::text, $6::bytea, $7::text)`

/** Queues one event in the caller's transaction; see {@link appendEvents}. */
export const appendEvent = async (sql: Sql, event: NewEvent): Promise<void> => {
  const { id = uuidV7(), topic, key, tenantId, type, payload, traceparent = currentTraceparent() } = event
  const params = [id, topic, key, tenantId, type, Buffer.from(payload), traceparent ?? null]
  await write(sql, insertOne, params, 'append event')
}
