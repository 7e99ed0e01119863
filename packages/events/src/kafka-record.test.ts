import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventRecord } from './event-record.ts'
import { inBatches } from './kafka-log.ts'
import { messageOf, recordOfMessage } from './kafka-record.ts'

const record: EventRecord = {
  id: randomUUID(),
  topic: 'sallyport.vault.v1',
  key: 'the credential',
  tenantId: randomUUID(),
  type: 'TargetsChanged',
  source: 'sallyport/vault',
  time: new Date('2026-01-02T03:04:05.678Z'),
  payload: Buffer.from([0, 1, 2, 255]),
}

type Received = Parameters<typeof recordOfMessage>[1]

/** As a broker hands it over: everything is bytes. */
const received = ({ key, value, headers = {} }: ReturnType<typeof messageOf>): Received => ({
  key: Buffer.from(key),
  value,
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [name, Buffer.from(String(text))]),
  ),
})

describe('A message of Kafka', () => {
  it('is a CloudEvent in binary mode', () => {
    expect(messageOf(record).headers).toEqual({
      ce_specversion: '1.0',
      ce_id: record.id,
      ce_source: 'sallyport/vault',
      ce_type: 'TargetsChanged',
      ce_time: '2026-01-02T03:04:05.678Z',
      ce_tenantid: record.tenantId,
    })
  })

  it('is the record that was sent', () => {
    expect(recordOfMessage(record.topic, received(messageOf(record)))).toEqual(record)
  })

  const good = received(messageOf(record))
  it.each<[string, Partial<Received>]>([
    ['without a key', { key: null }],
    ['without a value', { value: null }],
    ['without headers', { headers: {} }],
    ['of another version', { headers: { ...good.headers, ce_specversion: Buffer.from('0.3') } }],
    ['whose id is none', { headers: { ...good.headers, ce_id: Buffer.from('1') } }],
    ['whose tenant is none', { headers: { ...good.headers, ce_tenantid: Buffer.from('acme') } }],
    ['without a source', { headers: { ...good.headers, ce_source: Buffer.alloc(0) } }],
    ['of no time', { headers: { ...good.headers, ce_time: Buffer.from('soon') } }],
    [
      'with a header twice',
      { headers: { ...good.headers, ce_id: [Buffer.from(record.id), Buffer.from('2')] } },
    ],
  ])('%s is no event', (_, change) => {
    expect(recordOfMessage(record.topic, { ...good, ...change })).toBeUndefined()
  })

  it('says in which trace it was made, if it does so in the form of W3C Trace Context', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const traced = { ...record, traceparent }
    expect(messageOf(traced).headers).toMatchObject({ ce_traceparent: traceparent })
    expect(recordOfMessage(record.topic, received(messageOf(traced)))).toEqual(traced)
    for (const wrong of ['', 'x'.repeat(100_000), traceparent.replaceAll('4', '\n')])
      expect(recordOfMessage(record.topic, received(messageOf({ ...record, traceparent: wrong })))).toEqual(
        record,
      )
  })

  it('of any content is an event or none, and never an error', () => {
    const bytes = fc.uint8Array({ maxLength: 60 }).map(array => Buffer.from(array))
    const text = fc.oneof(
      bytes,
      fc.constantFrom('1.0', record.id, 'x', '2026-01-01T00:00:00Z').map(Buffer.from),
    )
    const name = fc.constantFrom(
      'ce_specversion',
      'ce_id',
      'ce_source',
      'ce_type',
      'ce_time',
      'ce_tenantid',
      'ce_traceparent',
      '__proto__',
    )
    const message = fc.record({
      key: fc.option(bytes),
      value: fc.option(bytes),
      headers: fc.dictionary(name, fc.oneof(text, fc.array(text, { maxLength: 2 }))),
    })
    fc.assert(
      fc.property(message, hostile => {
        const got = recordOfMessage('t', hostile)
        if (got) expect(Number.isNaN(got.time.getTime())).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('inBatches', () => {
  it('keeps everything, in order, and fills no batch beyond its size but with one record alone', () => {
    const sizes = fc.array(fc.nat({ max: 3_000 }), { maxLength: 60 })
    fc.assert(
      fc.property(sizes, lengths => {
        const records = lengths.map(length => ({
          ...record,
          id: randomUUID(),
          payload: Buffer.alloc(length),
        }))
        const batches = inBatches(records, 4_000)
        expect(batches.flat()).toEqual(records)
        for (const batch of batches) {
          const bytes = batch.reduce((sum, { payload }) => sum + payload.byteLength, 0)
          expect(batch.length === 1 || bytes <= 4_000).toBe(true)
        }
      }),
    )
  })
})
