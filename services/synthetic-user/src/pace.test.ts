import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextStart } from './pace.ts'

test.each([
  ['a short run', 1_000, 3_000, 61_000],
  ['one that lasted a whole interval', 1_000, 61_000, 61_000],
  ['a long one', 1_000, 62_000, 121_000],
])('%s is followed by one at the next beat', (_title, startedAt, endedAt, next) => {
  expect(nextStart(startedAt, endedAt, 60_000)).toBe(next)
})

test('runs never overlap, and never come more often than ordered', () => {
  const ms = fc.integer({ min: 0, max: 1e9 })
  fc.assert(
    fc.property(ms, ms, fc.integer({ min: 1_000, max: 3_600_000 }), (startedAt, lasted, everyMs) => {
      const next = nextStart(startedAt, startedAt + lasted, everyMs)
      expect(next).toBeGreaterThanOrEqual(startedAt + Math.max(lasted, everyMs))
      expect(next).toBeLessThan(startedAt + lasted + everyMs + 1)
    }),
  )
})
