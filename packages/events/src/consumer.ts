import { setTimeout as pause } from 'node:timers/promises'
import type { Sql } from '@sallyport/database/sql'
import { within } from '@sallyport/telemetry/span'
import type { Tracing } from '@sallyport/telemetry/tracing'
import type { Pool } from 'pg'
import { deadLetter } from './dead-letters.ts'
import type { EventDriver } from './driver.ts'
import type { EventsLog } from './event-log.ts'
import type { EventRecord } from './event-record.ts'
import { processSpan } from './event-spans.ts'
import { replayDeadLetters } from './replay.ts'
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
  /** As the service's worker role: for dead letters that are to be tried again. */
  workerPool: Pool
  log: EventsLog
  tracing?: Pick<Tracing, 'resume'> | undefined
  signal: AbortSignal
  /** How often an event is tried before it becomes a dead letter; 5 unless given. */
  tries?: number
  /** The first pause between tries in milliseconds, doubled each time; 100 unless given. */
  retryMs?: number
  /** How long to rest when no dead letter is to be tried again; see {@link replayDeadLetters}. */
  replayPollMs?: number
}

const consumedNow = async (sql: Sql, note: string, id: string): Promise<boolean> => {
  const rows = await sql.query(
    `insert into consumed_events (consumer, event_id) values ($1::text, $2::uuid)
     on conflict do nothing returning consumer`,
    [note, id],
  )
  return rows.length === 1
}

const handlerOf = <Tx>({ handlers }: Consumer<Tx>, { type }: EventRecord): EventHandler<Tx> | undefined =>
  Object.hasOwn(handlers, type) ? handlers[type] : undefined

const apply = <Tx>(
  consumer: Consumer<Tx>,
  event: EventRecord,
  handler: EventHandler<Tx>,
  note = consumer.group,
): Promise<void> =>
  consumer.withTransaction(event.tenantId, async tx => {
    if (await consumedNow(consumer.sqlOf(tx), note, event.id)) await handler(event, tx)
  })

const bury = <Tx>(consumer: Consumer<Tx>, event: EventRecord, error: unknown): Promise<void> =>
  consumer.withTransaction(event.tenantId, async tx => {
    const sql = consumer.sqlOf(tx)
    if (await consumedNow(sql, consumer.group, event.id)) await deadLetter(sql, consumer.group, event, error)
  })

const consumeOne = async <Tx>(consumer: Consumer<Tx>, event: EventRecord): Promise<void> => {
  const handler = handlerOf(consumer, event)
  if (!handler) return
  const span = processSpan(consumer.tracing, consumer.group, event, event.type)
  await within(span, () => tryUntilApplied(consumer, event, handler))
}

const tryUntilApplied = async <Tx>(
  consumer: Consumer<Tx>,
  event: EventRecord,
  handler: EventHandler<Tx>,
): Promise<void> => {
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

const replay = <Tx>(consumer: Consumer<Tx>, signal: AbortSignal): Promise<void> => {
  const { workerPool: pool, group, log, replayPollMs } = consumer
  return replayDeadLetters({
    pool,
    group,
    log,
    signal,
    ...(replayPollMs && { pollMs: replayPollMs }),
    apply: async (event, note) => {
      const handler = handlerOf(consumer, event)
      if (!handler) throw new Error('This version knows nothing to do with such an event')
      await apply(consumer, event, handler, note)
    },
  })
}

/**
 * Applies each event once: its effect and the note that it was seen commit together, and the group's position
 * moves afterwards, so a crash in between only shows the event again. An event that keeps failing becomes a row
 * of `dead_letters`, and the ones behind it go on; those that somebody orders to be are tried again.
 *
 * @returns when `signal` has fired and the event in hand is done
 */
export const consume = async <Tx>(consumer: Consumer<Tx>): Promise<void> => {
  const { driver, group, topics, signal } = consumer
  const ended = new AbortController()
  const subscription = driver.subscribe({
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
  const replaying = replay(consumer, AbortSignal.any([signal, ended.signal]))
  await Promise.all([subscription.finally(() => ended.abort()), replaying])
}
