import { openMeter } from '@sallyport/telemetry/metrics'
import { expect, it } from 'vitest'
import type { EventDriver, Subscription } from './driver.ts'
import { timed } from './event-metrics.ts'
import type { EventRecord } from './event-record.ts'

const record = (ageMs: number): EventRecord => ({
  id: crypto.randomUUID(),
  topic: 't',
  key: 'k',
  tenantId: 'a',
  type: 'x',
  source: 's',
  time: new Date(Date.now() - ageMs),
  payload: Buffer.alloc(0),
})

const driverOf = (batches: readonly (readonly EventRecord[])[]): EventDriver => ({
  publish: async () => {},
  probe: async () => {},
  subscribe: async ({ handle }: Subscription) => {
    for (const batch of batches) await handle(batch).catch(() => {})
  },
  [Symbol.asyncDispose]: async () => {},
})

const { signal } = new AbortController()

it('tells how old events were when they were applied, and nothing of those that were not', async () => {
  using meter = openMeter(() => {})
  const driver = timed(driverOf([[record(2_000), record(-5_000)], [record(0)]]), meter)
  const handled: number[] = []
  const handle = async (records: readonly EventRecord[]): Promise<void> => {
    handled.push(records.length)
    if (records.length === 1) throw new Error('not now')
  }
  await driver.subscribe({ group: 'vault', topics: ['t'], handle, signal })
  expect(handled).toEqual([2, 1])
  const text = await meter.text()
  expect(text).toContain('sallyport_event_delay_seconds_count{group="vault"} 2')
  expect(text).toContain('sallyport_event_delay_seconds_bucket{group="vault",le="0.002"} 1')
  expect(text).toContain('sallyport_event_delay_seconds_bucket{group="vault",le="1"} 1')
  expect(text).toContain('sallyport_event_delay_seconds_bucket{group="vault",le="2.5"} 2')
})
