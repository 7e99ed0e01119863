import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { safeText } from './safe-text.ts'

const hostile = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom(
      '\n',
      '\r',
      '\0',
      '\u001b[2J',
      '\u202e',
      '\u2028',
      '\ud800',
      '\udc00',
      '|',
      '=',
      '"',
      '\\',
      '😀',
    ),
  ),
  maxLength: 200,
})

describe('Safe text', () => {
  it.each([
    ['alice', 'alice'],
    ['EXAMPLE\\alice', 'EXAMPLE\\alice'],
    ['жанна 😀', 'жанна 😀'],
    ['two\nlines', 'two\\u000alines'],
    ['\u001b[31mred', '\\u001b[31mred'],
    ['exe\u202etxt', 'exe\\u202etxt'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
  ])('shows %j as %j', (text, shown) => {
    expect(safeText(text, 100)).toBe(shown)
  })

  it('is one well-formed line within its limit, whatever it was', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 300 }), (text, max) => {
        const safe = safeText(text, max)
        expect(safe.length).toBeLessThanOrEqual(max)
        expect(safe.isWellFormed()).toBe(true)
        expect(safe).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u)
      }),
      { numRuns: 2000 },
    )
  })
})
