import { randomUUID } from 'node:crypto'
import { pgTransaction } from '@sallyport/database/transaction'
import { eventually } from '@sallyport/testing/eventually'
import type { TestDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EventDriver } from '../src/driver.ts'
import { within } from '@sallyport/telemetry/span'
import type { Tracing } from '@sallyport/telemetry/tracing'
import { openTraced } from '@sallyport/testing/traced'
import { appendEvent, appendEvents, type NewEvent } from '../src/outbox.ts'
import { relayOutbox } from '../src/relay.ts'
import { fakeDriver, outboxDatabase, quiet } from './fixtures.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await outboxDatabase()
})
afterAll(() => db[Symbol.asyncDispose]())
beforeEach(async () => {
  await db.adminPool.query('delete from vault.outbox')
})

const event = (key: string): NewEvent => ({
  id: randomUUID(),
  topic: 'sallyport.vault.v1',
  key,
  tenantId: randomUUID(),
  type: 'TargetsChanged',
  payload: Buffer.from(key),
})

const append = (events: readonly NewEvent[]): Promise<void> =>
  pgTransaction(db.appPool, sql => appendEvents(sql, events))

const queued = async (): Promise<number> => (await db.workerPool.query('select from outbox')).rows.length

const relaying = (driver: EventDriver, tracing?: Tracing): { stop: () => Promise<void> } => {
  const controller = new AbortController()
  const { signal } = controller
  const done = relayOutbox({
    pool: db.workerPool,
    driver,
    source: 'sallyport/vault',
    log: quiet,
    tracing,
    signal,
    pollMs: 10,
  })
  return {
    stop: async () => {
      controller.abort()
      await done
    },
  }
}

describe('The outbox', () => {
  it('holds an event only if the transaction commits', async () => {
    const failing = pgTransaction(db.appPool, async sql => {
      await appendEvent(sql, event('a'))
      throw new Error('the change failed')
    })
    await expect(failing).rejects.toThrow('the change failed')
    expect(await queued()).toBe(0)
  })

  it('cannot be read, changed or emptied by the app role', async () => {
    for (const statement of ['select * from outbox', `update outbox set key = ''`, 'delete from outbox']) {
      await expect(db.appPool.query(statement)).rejects.toThrow(/permission denied/)
    }
  })
})

describe('The relay', () => {
  it('publishes everything in order with its attributes, and empties the outbox', async () => {
    const events = Array.from({ length: 1100 }, (_, index) => event(String(index)))
    await append(events)
    const driver = fakeDriver()
    const relay = relaying(driver)
    await eventually(async () => (await queued()) === 0)
    await relay.stop()
    expect(driver.published.map(({ id }) => id)).toEqual(events.map(({ id }) => id))
    expect(driver.published[0]).toMatchObject({ source: 'sallyport/vault', type: 'TargetsChanged', key: '0' })
  })

  it('publishes what is added while it runs', async () => {
    const driver = fakeDriver()
    const relay = relaying(driver)
    await append([event('late')])
    await eventually(() => driver.published.length === 1)
    await relay.stop()
  })

  it('loses nothing when it fails after publishing: the event comes twice, with one id', async () => {
    let failures = 1
    const driver = fakeDriver(() => {
      if (failures-- > 0) throw new Error('the acknowledgement was lost')
    })
    await append([event('a')])
    const relay = relaying(driver)
    await eventually(async () => (await queued()) === 0)
    await relay.stop()
    expect(driver.published).toHaveLength(2)
    expect(new Set(driver.published.map(({ id }) => id)).size).toBe(1)
  })

  it('works in one replica at a time, and the next takes over', async () => {
    const [first, second] = [fakeDriver(), fakeDriver()]
    const leader = relaying(first)
    await append([event('a')])
    await eventually(() => first.published.length === 1)
    const standby = relaying(second)
    await append([event('b')])
    await eventually(() => first.published.length === 2)
    expect(second.published).toEqual([])
    await leader.stop()
    await append([event('c')])
    await eventually(() => second.published.length === 1)
    await standby.stop()
  })

  it('forgets which events were applied after a month', async () => {
    await db.adminPool.query(
      `insert into vault.consumed_events values ('g', $1, now() - interval '31 days'), ('g', $2, now())`,
      [randomUUID(), randomUUID()],
    )
    const relay = relaying(fakeDriver())
    await eventually(async () => (await db.workerPool.query('select from consumed_events')).rows.length === 1)
    await relay.stop()
  })

  it('tells the way of events that were made within a trace, and sends them on from there', async () => {
    await using traced = await openTraced('vault')
    await append([event('outside')])
    await within(traced.tracing.begin('attempt', {}), async () => {
      await append([event('together'), { ...event('elsewhere'), traceparent: undefined }])
      await pgTransaction(db.appPool, sql => appendEvent(sql, event('alone')))
    })
    const driver = fakeDriver()
    const relay = relaying(driver, traced.tracing)
    await eventually(async () => (await queued()) === 0)
    await relay.stop()
    const spans = await traced.spans(6)
    const transactions = spans.filter(({ name }) => name === 'transaction').map(({ spanId }) => spanId)
    const sent = spans.filter(({ name }) => name === 'publish TargetsChanged')
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
    expect(transactions).toEqual(expect.arrayContaining(sent.map(({ parentSpanId }) => parentSpanId)))
    const [outside, ...inside] = driver.published.map(({ traceparent }) => traceparent)
    expect(outside).toBeUndefined()
    expect(inside).toEqual(sent.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`))
  })

  it('sends on where an event was made, when it tells no traces itself', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    await append([{ ...event('a'), traceparent }])
    const driver = fakeDriver()
    const relay = relaying(driver)
    await eventually(async () => (await queued()) === 0)
    await relay.stop()
    expect(driver.published).toMatchObject([{ traceparent }])
  })
})
