import fc from 'fast-check'
import { expect, test } from 'vitest'
import { id, line, moment, paragraph } from './fields.ts'
import { secretInput, secretOf, wireEnum } from './wire.ts'

test('a secret goes out as it came in, text or bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), bytes => {
      const stored = secretInput.parse(secretOf(Buffer.from(bytes)))
      expect(stored).toEqual(Buffer.from(bytes))
    }),
  )
})

test('the bytes of a secret that was shown are gone', () => {
  const bytes = Buffer.from('s3cret')
  expect(secretOf(bytes).secret).toBe('s3cret')
  expect(bytes).toEqual(Buffer.alloc(6))
})

test('base64 that is none is refused', () => {
  for (const secret of ['a', 'ab=', 'a b=', '%%%%', 'YQ==YQ==']) {
    expect(secretInput.safeParse({ secret, encoding: 'base64' }).success, secret).toBe(false)
  }
})

test('an enum has a name for each value, and refuses any other', () => {
  const colours = wireEnum([
    ['red', 1],
    ['green', 2],
  ])
  expect(colours.schema.options).toEqual(['red', 'green'])
  expect(colours.toJson(colours.toWire('green'))).toBe('green')
  for (const value of [0, -1, 3]) expect(() => colours.toJson(value)).toThrow('Internal error')
})

test('text with control characters or lone surrogates is refused, line feeds in a paragraph are fine', () => {
  for (const text of ['\0', '\u001b[2J', '\ud800', '\u0085', '\u2028']) {
    expect(line(10).safeParse(text).success).toBe(false)
    expect(paragraph(10).safeParse(text).success).toBe(false)
  }
  expect(line(10).safeParse('a\nb').success).toBe(false)
  expect(paragraph(10).safeParse('a\n\tb').success).toBe(true)
  expect(line(10).safeParse('smörgås 🔐').success).toBe(true)
})

test('a moment needs its offset, and must exist', () => {
  expect(moment.parse('2026-11-21T10:00:00+01:00').toISOString()).toBe('2026-11-21T09:00:00.000Z')
  for (const text of [
    '2026-11-21',
    '2026-11-21T10:00:00',
    '2026-13-01T00:00:00Z',
    'now',
    '1e9',
    '2026-11-21T25:00Z',
  ]) {
    expect(moment.safeParse(text).success, text).toBe(false)
  }
})

test('an id has one spelling', () => {
  expect(id.parse('01900000-0000-7000-8000-00000000ABCD')).toBe('01900000-0000-7000-8000-00000000abcd')
  for (const text of [
    '',
    'x',
    '{01900000-0000-7000-8000-00000000abcd}',
    '0190000000007000800000000000abcd',
  ]) {
    expect(id.safeParse(text).success, text).toBe(false)
  }
})
