import { randomUUID } from 'node:crypto'
import { eventually } from '@sallyport/testing/eventually'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EventDriver } from '../src/driver.ts'
import type { EventRecord } from '../src/event-record.ts'

/** Opens a driver on the same durable log each time, so that a test can crash one and open another. */
export type OpenDriver = () => EventDriver

const record = (topic: string, key: string, over: Partial<EventRecord> = {}): EventRecord => ({
  id: randomUUID(),
  topic,
  key,
  tenantId: randomUUID(),
  type: 'Something',
  source: 'sallyport/test',
  time: new Date('2026-01-02T03:04:05.678Z'),
  payload: Buffer.from([0, 1, 2, 255]),
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  ...over,
})

type Reader = { readonly seen: EventRecord[]; readonly stop: () => Promise<void> }

const read = (driver: EventDriver, group: string, topics: readonly string[], fail = () => false): Reader => {
  const seen: EventRecord[] = []
  const controller = new AbortController()
  const handle = async (records: readonly EventRecord[]): Promise<void> => {
    if (fail()) throw new Error('not this time')
    seen.push(...records)
  }
  const done = driver.subscribe({ group, topics, handle, signal: controller.signal })
  const stop = async (): Promise<void> => {
    controller.abort()
    await done
  }
  return { seen, stop }
}

const ids = (records: readonly EventRecord[]): string[] => records.map(({ id }) => id)

type Options = {
  /** Gives a topic that exists and has nothing in it. */
  readonly newTopic?: () => Promise<string>
  /** Why it cannot be tested here, if so. */
  readonly missing?: string | undefined
}

const orderPerKey = (records: readonly EventRecord[]): Map<string, string[]> =>
  new Map([...Map.groupBy(records, ({ key }) => key)].map(([key, some]) => [key, ids(some)]))

/** What every driver promises. */
export const driverContract = (
  name: string,
  open: OpenDriver,
  { newTopic = async () => randomUUID(), missing }: Options = {},
): void => {
  describe(`${name} as an event driver`, () => {
    beforeEach(context => {
      if (missing) context.skip(missing)
    })

    it('hands over what was published, attribute by attribute', async () => {
      await using driver = open()
      const topic = await newTopic()
      const sent = record(topic, 'k')
      await driver.publish([sent])
      const reader = read(driver, 'g', [topic])
      const [got] = await eventually(() => reader.seen.length === 1 && reader.seen)
      await reader.stop()
      expect({ ...got, payload: Buffer.from(got?.payload ?? []) }).toEqual(sent)
    })

    it('keeps the order of each key, over batches and publishers', async () => {
      await using driver = open()
      const topic = await newTopic()
      const records = Array.from({ length: 1200 }, (_, index) => record(topic, String(index % 7)))
      for (let from = 0; from < records.length; from += 100)
        await driver.publish(records.slice(from, from + 100))
      const reader = read(driver, 'g', [topic])
      await eventually(() => reader.seen.length >= records.length)
      await reader.stop()
      expect(orderPerKey(reader.seen)).toEqual(orderPerKey(records))
    })

    it('misses nothing while several publish at once', async () => {
      await using driver = open()
      const topic = await newTopic()
      const reader = read(driver, 'g', [topic])
      const sent = Array.from({ length: 60 }, () => record(topic, 'k'))
      await Promise.all(sent.map(one => driver.publish([one])))
      await eventually(() => reader.seen.length >= sent.length)
      await reader.stop()
      expect(ids(reader.seen).toSorted()).toEqual(ids(sent).toSorted())
    })

    it('gives each group every record', async () => {
      await using driver = open()
      const topic = await newTopic()
      const readers = [read(driver, 'one', [topic]), read(driver, 'two', [topic])]
      await driver.publish([record(topic, 'k')])
      await eventually(() => readers.every(({ seen }) => seen.length === 1))
      await Promise.all(readers.map(({ stop }) => stop()))
    })

    it('goes on where the group stopped, in another process', async () => {
      const topic = await newTopic()
      const first = record(topic, 'k')
      const second = record(topic, 'k')
      await using before = open()
      await before.publish([first])
      const reader = read(before, 'g', [topic])
      await eventually(() => reader.seen.length === 1)
      await reader.stop()
      await using after = open()
      await after.publish([second])
      const next = read(after, 'g', [topic])
      await eventually(() => next.seen.length > 0)
      await next.stop()
      expect(ids(next.seen)).toEqual([second.id])
    })

    it('brings the same records again when the handler fails', async () => {
      await using driver = open()
      const topic = await newTopic()
      let failures = 2
      const reader = read(driver, 'g', [topic], () => failures-- > 0)
      const sent = [record(topic, 'a'), record(topic, 'a')]
      await driver.publish(sent)
      await eventually(() => reader.seen.length === 2)
      await reader.stop()
      expect(ids(reader.seen)).toEqual(ids(sent))
    })

    it('serves the other topics of a subscription while one of them fails', async () => {
      await using driver = open()
      const [bad, good] = [await newTopic(), await newTopic()]
      const seen: string[] = []
      const controller = new AbortController()
      const handle = async (records: readonly EventRecord[]): Promise<void> => {
        if (records[0]?.topic === bad) throw new Error('never')
        seen.push(...ids(records))
      }
      const done = driver.subscribe({ group: 'g', topics: [bad, good], handle, signal: controller.signal })
      const sent = record(good, 'k')
      await driver.publish([record(bad, 'k'), sent])
      await eventually(() => seen.length === 1)
      controller.abort()
      await done
      expect(seen).toEqual([sent.id])
    })

    it('lets one subscriber of a group work at a time, and another take over', async () => {
      await using driver = open()
      await using other = open()
      const topic = await newTopic()
      const readers = [read(driver, 'g', [topic]), read(other, 'g', [topic])]
      const sent = Array.from({ length: 20 }, () => record(topic, 'k'))
      for (const one of sent) await driver.publish([one])
      await eventually(() => readers.flatMap(({ seen }) => seen).length >= sent.length)
      expect(readers.flatMap(({ seen }) => ids(seen)).toSorted()).toEqual(ids(sent).toSorted())
      const [leader, standby] = readers[0]?.seen.length ? readers : readers.toReversed()
      await leader?.stop()
      const late = record(topic, 'k')
      await driver.publish([late])
      await eventually(() => standby && ids(standby.seen).includes(late.id))
      await standby?.stop()
    })

    it('publishes nothing when it is given nothing', async () => {
      await using driver = open()
      await driver.publish([])
    })
  })
}
