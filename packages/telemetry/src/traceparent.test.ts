import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkedTraceparent, placeOf, traceparentOf } from './traceparent.ts'

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .string({
      minLength: length,
      maxLength: length,
      unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'),
    })
    .filter(text => /[1-9a-f]/.test(text))

describe('A place in a trace', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.integer({ min: 0, max: 1 }), (traceId, spanId, traceFlags) => {
        const place = { traceId, spanId, traceFlags }
        expect(placeOf(traceparentOf(place))).toMatchObject(place)
      }),
    )
  })

  it('is none in any other form', () => {
    const [traceId, spanId] = ['1'.repeat(32), '2'.repeat(16)]
    const wrong = [
      `00-${traceId}-${spanId}-01-more`,
      `ff-${traceId}-${spanId}-01`,
      `00-${traceId.toUpperCase().replace('1', 'G')}-${spanId}-01`,
      `00-${'0'.repeat(32)}-${spanId}-01`,
      `00-${traceId}-${'0'.repeat(16)}-01`,
      ` 00-${traceId}-${spanId}-0`,
    ]
    for (const text of wrong) expect(checkedTraceparent(text), text).toBeUndefined()
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ minLength: 55, maxLength: 55 })), text => {
        expect([undefined, text]).toContain(checkedTraceparent(text))
      }),
    )
  })
})
