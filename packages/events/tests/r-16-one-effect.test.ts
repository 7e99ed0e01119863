import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Sql } from '@sallyport/database/sql'
import { pgTransaction } from '@sallyport/database/transaction'
import { eventually } from '@sallyport/testing/eventually'
import { addSchema, type TestDatabase } from '@sallyport/testing/postgres'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Consumer, consume } from '../src/consumer.ts'
import type { EventDriver } from '../src/driver.ts'
import type { EventRecord } from '../src/event-record.ts'
import { appendEvents, type NewEvent } from '../src/outbox.ts'
import { openPostgresLog } from '../src/postgres-log.ts'
import { relayOutbox } from '../src/relay.ts'
import { outboxDatabase, quiet } from './fixtures.ts'

const count = counted(10_000)
const rounds = counted(200)
const times = 10
const replicas = 3
const topic = 'sallyport.vault.v1'

let db: TestDatabase
beforeAll(async () => {
  db = await outboxDatabase()
  await addSchema(db.adminUrl, 'event_log', join(import.meta.dirname, '../prisma/migrations'))
})
afterAll(() => db[Symbol.asyncDispose]())

const withLog = (): EventDriver => {
  const url = new URL(db.adminUrl)
  url.username = 'sallyport_event_log'
  url.password = 'app'
  return openPostgresLog({ connection: { connectionString: url.href }, log: quiet })
}

/** A broker at its worst: hands everything over ten times, to every replica, in an order of its own. */
const duplicating = (events: readonly EventRecord[]): EventDriver => ({
  publish: async () => {},
  subscribe: async ({ handle, signal }) => {
    for (let time = 0; time < times && !signal.aborted; time += 1) {
      const order = events
        .map(event => ({ event, at: Math.random() }))
        .toSorted((one, other) => one.at - other.at)
      for (let from = 0; from < order.length; from += 100)
        await handle(order.slice(from, from + 100).map(({ event }) => event))
    }
  },
  probe: async () => {},
  [Symbol.asyncDispose]: async () => {},
})

const consumer = (driver: EventDriver, signal: AbortSignal, note: string): Consumer<Sql> => ({
  driver,
  group: note,
  topics: [topic],
  handlers: {
    TargetsChanged: async ({ id }, sql) =>
      void (await sql.query('insert into applied values ($1::uuid, $2::text)', [id, note])),
  },
  withTransaction: (_tenantId, work) => pgTransaction(db.appPool, work),
  sqlOf: sql => sql,
  workerPool: db.workerPool,
  log: quiet,
  signal,
  retryMs: 1,
})

/** How many events had an effect, and how many effects there were. */
const effects = async (note: string): Promise<{ events: number; effects: number }> => {
  const { rows } = await db.adminPool.query<{ events: number; effects: number }>(
    `select count(distinct event_id)::int as events, count(*)::int as effects from vault.applied where note = $1`,
    [note],
  )
  return rows[0] ?? { events: 0, effects: 0 }
}

const newEvent = (): NewEvent => ({
  id: randomUUID(),
  topic,
  key: randomUUID(),
  tenantId: randomUUID(),
  type: 'TargetsChanged',
  payload: Buffer.from('x'),
})

describe('R-16: events that come more than once', () => {
  it('have one effect: each ten times, at three replicas at once', { timeout: 1_800_000 }, async () => {
    const events = Array.from({ length: count }, () => ({
      ...newEvent(),
      id: randomUUID(),
      source: 'sallyport/vault',
      time: new Date(),
    }))
    const { signal } = new AbortController()
    const working = Array.from({ length: replicas }, () =>
      consume(consumer(duplicating(events), signal, 'duplicates')),
    )
    await Promise.all(working)
    expect(await effects('duplicates')).toEqual({ events: count, effects: count })
    figure('R-16', `${count} events, each ${times * replicas} times: one effect each`)
  })

  it('have one effect, and none is lost, while leaders lose their connections', {
    timeout: 1_800_000,
  }, async () => {
    const stop = new AbortController()
    await using driver = withLog()
    const relay = { pool: db.workerPool, driver, source: 'sallyport/vault', log: quiet, signal: stop.signal }
    const working = [
      relayOutbox({ ...relay, pollMs: 5 }),
      relayOutbox({ ...relay, pollMs: 5 }),
      consume(consumer(driver, stop.signal, 'leaders')),
      consume(consumer(driver, stop.signal, 'leaders')),
    ]
    // Whoever leads holds an advisory lock.
    const killLeader = (): Promise<boolean> =>
      eventually(async () => {
        const { rows } = await db.adminPool.query(
          `select pg_terminate_backend(pid) from pg_locks
            where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())
            order by random() limit 1`,
        )
        return rows.length > 0
      })
    for (let round = 0; round < rounds; round += 1) {
      for (let sent = 0; sent < count / rounds; sent += 10) {
        const events = Array.from({ length: 10 }, newEvent)
        await pgTransaction(db.appPool, sql => appendEvents(sql, events))
      }
      await killLeader()
    }
    await eventually(async () => (await effects('leaders')).events === count, 600_000)
    stop.abort()
    await Promise.all(working)
    expect(await effects('leaders')).toEqual({ events: count, effects: count })
    figure('R-16', `${count} events over ${rounds} lost leaders: one effect each`)
  })
})
