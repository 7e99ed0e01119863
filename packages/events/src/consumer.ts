import { setTimeout as pause } from 'node:timers/promises'
import type { Sql } from '@sallyport/database/sql'
import type { EventDriver } from './driver.ts'
import type { EventsLog } from './event-log.ts'
import type { EventRecord } from './event-record.ts'
import { isTransient } from './transient.ts'

/** The effect of one event, inside the transaction that also notes it as consumed. */
export type EventHandler<Tx> = (event: EventRecord, tx: Tx) => Promise<void>

/** `Tx` is whatever the service's transactions hand out: a Prisma transaction or an {@link Sql}. */
export type Consumer<Tx> = {
  driver: EventDriver
  /** Names the consumer in `consumed_events`, and its group at the driver. */
  group: string
  topics: readonly string[]
  /** By event type. Types without a handler are ignored, so that newer publishers do not stop older consumers. */
  handlers: Readonly<Record<string, EventHandler<Tx>>>
  /** A tenant-scoped transaction of the consuming service, as its app role. */
  withTransaction: (tenantId: string, work: (tx: Tx) => Promise<void>) => Promise<void>
  sqlOf: (tx: Tx) => Sql
  log: EventsLog
  signal: AbortSignal
  /** How often an event is tried before it becomes a dead letter; 5 unless given. */
  tries?: number
  /** The first pause between tries in milliseconds, doubled each time; 100 unless given. */
  retryMs?: number
}

const consumedNow = async (sql: Sql, group: string, id: string): Promise<boolean> => {
  const rows = await sql.query(
    `insert into consumed_events (consumer, event_id) values ($1::text, $2::uuid)
     on conflict do nothing returning consumer`,
    [group, id],
  )
  return rows.length === 1
}

const apply = <Tx>(consumer: Consumer<Tx>, event: EventRecord, handler: EventHandler<Tx>): Promise<void> =>
  consumer.withTransaction(event.tenantId, async tx => {
    if (await consumedNow(consumer.sqlOf(tx), consumer.group, event.id)) await handler(event, tx)
  })

const causeOf = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : 'not an error').slice(0, 2000)

const bury = <Tx>(consumer: Consumer<Tx>, event: EventRecord, error: unknown): Promise<void> =>
  consumer.withTransaction(event.tenantId, async tx => {
    const sql = consumer.sqlOf(tx)
    if (await consumedNow(sql, consumer.group, event.id)) await deadLetter(sql, consumer.group, event, error)
  })

/** Keeps an event that cannot be applied, with the cause, in the caller's transaction. */
export const deadLetter = async (
  sql: Sql,
  group: string,
  event: EventRecord,
  error: unknown,
): Promise<void> => {
  await sql.query(
    `insert into dead_letters (consumer, event_id, topic, key, tenant_id, type, payload, cause)
     values ($1::text, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::bytea, $8::text)
     on conflict do nothing`,
    [
      group,
      event.id,
      event.topic,
      event.key,
      event.tenantId,
      event.type,
      Buffer.from(event.payload),
      causeOf(error),
    ],
  )
}

const consumeOne = async <Tx>(consumer: Consumer<Tx>, event: EventRecord): Promise<void> => {
  const handler = Object.hasOwn(consumer.handlers, event.type) ? consumer.handlers[event.type] : undefined
  if (!handler) return
  const { group, signal, log, tries = 5, retryMs = 100 } = consumer
  const of = { group, eventId: event.id, type: event.type }
  for (let attempt = 0, failures = 0; ; attempt += 1) {
    try {
      return await apply(consumer, event, handler)
    } catch (error) {
      // A database or a neighbour that is away is no fault of the event: it waits, however long.
      if (!isTransient(error)) failures += 1
      if (failures >= tries) {
        log.error({ ...of, err: error }, 'An event could not be applied and became a dead letter')
        return bury(consumer, event, error)
      }
      log.warn({ ...of, err: error }, 'An event could not be applied yet')
      await pause(Math.min(retryMs * 2 ** attempt, 5000), undefined, { signal })
    }
  }
}

/**
 * Applies each event once: its effect and the note that it was seen commit together, and the group's position
 * moves afterwards, so a crash in between only shows the event again. An event that keeps failing becomes a row
 * of `dead_letters`, and the ones behind it go on.
 *
 * @returns when `signal` has fired and the event in hand is done
 */
export const consume = <Tx>(consumer: Consumer<Tx>): Promise<void> => {
  const { driver, group, topics, signal } = consumer
  return driver.subscribe({
    group,
    topics,
    signal,
    handle: async events => {
      for (const event of events) {
        signal.throwIfAborted()
        await consumeOne(consumer, event)
      }
    },
  })
}
