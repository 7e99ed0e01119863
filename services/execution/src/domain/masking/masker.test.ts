import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mask, maskerFor, maskText } from './masker.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const streamed = (pieces: readonly Uint8Array[], secrets: readonly Uint8Array[]) => {
  const masker = maskerFor(secrets)
  const out = [...pieces.map(piece => masker.feed(piece)), masker.end()]
  return Buffer.concat(out).toString('latin1')
}

describe('masking', () => {
  const secret = `p'a"ss w$rd<1>`

  test.each([
    ['as it is', secret],
    ['quoted for a shell', `p'\\''a"ss w$rd<1>`],
    ['in double quotes', `p'a\\"ss w\\$rd<1>`],
    ['with backslashes', `p\\'a\\"ss\\ w\\$rd\\<1\\>`],
    ['in base64', Buffer.from(secret).toString('base64').replaceAll('=', '')],
    ['in base64url', Buffer.from(secret).toString('base64url')],
    ['in hexadecimal', Buffer.from(secret).toString('hex')],
    ['in a URL', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ p: secret }).toString().slice(2)],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
  ])('hides a secret %s', (_, form) => {
    expect(maskText(`before ${form} after`, [bytes(secret)])).toBe(`before ${mask} after`)
  })

  test('hides a secret inside a longer base64 text, wherever it starts', () => {
    for (const before of ['', 'x', 'xy', 'xyz']) {
      const text = Buffer.from(`${before}correct horse battery${before}`).toString('base64')
      const core = Buffer.from('horse batt').toString('base64').slice(2, 8)
      expect(maskText(text, [bytes('correct horse battery')])).not.toContain(core)
      expect(maskText(text, [bytes('correct horse battery')])).toContain(mask)
    }
  })

  test('hides secrets that overlap altogether', () => {
    expect(maskText('x abcdef y', [bytes('abcd'), bytes('cdef')])).toBe(`x ${mask} y`)
  })

  test('leaves no secret in a stream, however it is cut, and changes nothing else', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 8 })
    const secrets = fc.array(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 3, maxLength: 6 }),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 12 }), secrets, (pieces, hidden) => {
        const out = streamed(pieces.map(bytes), hidden.map(bytes))
        const rest = out.replaceAll(mask, '\u0000')
        for (const each of hidden) expect(rest).not.toContain(each)
        if (!hidden.some(each => pieces.join('').includes(each))) expect(out).toBe(pieces.join(''))
      }),
      { numRuns: 2000 },
    )
  })

  test('keeps bytes that are no text', () => {
    expect(streamed([Uint8Array.of(0xff, 0x00, 0x80)], [bytes('abc')])).toBe('\u00ff\u0000\u0080')
  })

  test('without secrets changes nothing', () => {
    expect(maskText('all of it', [])).toBe('all of it')
    expect(maskText('all of it', [bytes('')])).toBe('all of it')
  })
})
