import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAddress } from './address.ts'
import { parseTags } from './tags.ts'
import { parseName, parseNotes, parseWord } from './text.ts'

const invalid = expect.objectContaining({ reason: 'request.invalid' })

describe('a name', () => {
  test('is kept in normal form C', () => {
    expect(parseName('name', 'Zu\u0308rich 1', { max: 20 })).toBe('Zürich 1')
  })

  test.each([
    '',
    ' a',
    'a ',
    'a,b',
    'a*',
    '[a',
    'a]',
    'a{',
    'a}',
    'a\nb',
    'a\0',
    'a\u202Eb',
    'a\u200Bb',
    'a\u2028b',
    'a\ud800',
    'x'.repeat(21),
  ])('is refused when it is %j', name => {
    expect(() => parseName('name', name, { max: 20 })).toThrow(invalid)
  })
})

test('notes may have lines and tabs but no other control characters', () => {
  expect(parseNotes('notes', 'a\r\nb\tc 👩‍🚒', { max: 100 })).toBe('a\nb\tc 👩‍🚒')
  for (const notes of ['a\x1b[2J', 'a\0', 'x'.repeat(101)])
    expect(() => parseNotes('notes', notes, { max: 100 })).toThrow(invalid)
})

test('a word is lower-case letters, digits and inner hyphens', () => {
  expect(parseWord('type', 'linux-server')).toBe('linux-server')
  for (const word of ['', '-a', 'a-', 'A', 'a b', 'a_b', 'é', 'x'.repeat(65)])
    expect(() => parseWord('type', word)).toThrow(invalid)
})

describe('tags', () => {
  test('are folded, each once and sorted', () => {
    expect(parseTags('tags', ['Prod', 'db', 'PROD', 'env:eu'])).toEqual(['db', 'env:eu', 'prod'])
  })

  test('survive a comma list, whatever was given', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 8 }), tags => {
        let parsed: string[]
        try {
          parsed = parseTags('tags', tags)
        } catch {
          return
        }
        expect(parsed.length === 0 ? [] : parsed.join(',').split(',')).toEqual(parsed)
        expect(parseTags('tags', parsed)).toEqual(parsed)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([[['a,b']], [['']], [['a*']], [['a，b']], [Array.from({ length: 51 }, (_, i) => `t${i}`)]])(
    'are refused when they are %j',
    tags => {
      expect(() => parseTags('tags', tags)).toThrow(invalid)
    },
  )
})

describe('an address', () => {
  test.each([
    ['Web-1.Example.COM', 'web-1.example.com'],
    ['web.example.com.', 'web.example.com'],
    ['localhost', 'localhost'],
    ['10.0.0.1', '10.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::1', '::1'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['1.2.3.example', '1.2.3.example'],
  ])('%s is kept as %s', (given, kept) => {
    expect(parseAddress('address', given)).toBe(kept)
    expect(parseAddress('address', kept)).toBe(kept)
  })

  test.each([
    '',
    ' ',
    'a b',
    'a..b',
    '-a',
    'a_b',
    'http://a',
    'a:22',
    'a/b',
    '[::1]',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '0',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '::ffff:169.254.169.254',
    '::169.254.169.254',
    '1.2.3.4.',
    'xn--\u00e9',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(127)}com`,
    'a\n',
  ])('%j is refused', address => {
    expect(() => parseAddress('address', address)).toThrow(invalid)
  })
})
