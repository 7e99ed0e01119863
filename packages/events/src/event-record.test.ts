import fc from 'fast-check'
import { expect, it } from 'vitest'
import { headersOf, recordOf } from './event-record.ts'

it('keeps every attribute on the way through CloudEvents headers', () => {
  const text = fc.string({ unit: 'grapheme' })
  const records = fc.record({
    id: fc.uuid(),
    topic: text,
    key: text,
    tenantId: fc.uuid(),
    type: text,
    source: text,
    time: fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
    payload: fc.uint8Array(),
    traceparent: fc.constantFrom(undefined, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
  })
  fc.assert(
    fc.property(records, record => {
      const headers = JSON.parse(JSON.stringify(headersOf(record)))
      expect(recordOf(record.topic, record.key, headers, record.payload)).toEqual(record)
    }),
  )
})
