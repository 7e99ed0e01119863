import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern, literalPattern } from './compile.ts'
import { matcherFor } from './match.ts'
import { PatternError } from './syntax.ts'

const found = (source: string, text: string) => matcherFor(compilePattern(source)).feed(text)

describe('a pattern', () => {
  test.each([
    ['password: ?', 'Current password: ', 17],
    ['[Nn]ew (UNIX )?password:', 'Enter new UNIX password:', 24],
    ['a{2,3}b', 'aab', 3],
    ['(foo|ba(r|z))!', 'baz!', 4],
    ['^\\$ ', 'x$ y\n$ ', 7],
    ['[$#>] $', 'root@web # ', 11],
    ['\\d+-\\w+', 'id 42-ab', 7],
    ['[^a-c]', 'abcd', 4],
    ['\\(current\\)', '(current) UNIX', 9],
    ['[]x]', ']', 1],
  ])('%s is complete in %j after %i characters', (source, text, end) => {
    expect(found(source, text)).toBe(end)
  })

  test.each([
    ['^b', 'ab'],
    ['a$', 'ab'],
    ['x', ''],
    ['.', '\n'],
    ['a{3}', 'aa'],
  ])('%s is not in %j', (source, text) => {
    expect(found(source, text)).toBeUndefined()
  })

  test.each([
    '(a',
    'a)',
    '[a',
    '*a',
    'a**',
    'a+?',
    '(?=a)',
    '(?<n>a)',
    '\\1',
    '\\b',
    'a{2,1}',
    'a{101}',
    '[z-a]',
    '[\\D]',
  ])('%s is refused', source => {
    expect(() => compilePattern(source)).toThrow(PatternError)
  })

  test('that would grow beyond bounds is refused', () => {
    expect(() => compilePattern('((a{100}){100}){100}')).toThrow('too large')
  })

  test('that backtracking engines choke on takes time in proportion to the text', () => {
    const matcher = matcherFor(compilePattern('(a|a)*(a*)*b'))
    const started = performance.now()
    expect(matcher.feed('a'.repeat(20_000))).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test('finds what a regular expression of the language finds', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '(a|bc)', '(?:b)')
    const item = fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}')).map(parts => parts.join(''))
    const source = fc.array(item, { minLength: 1, maxLength: 4 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(
        source,
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 }),
        (pattern, text) => {
          const end = found(pattern, text)
          expect(end !== undefined).toBe(new RegExp(pattern).test(text))
          if (end !== undefined) expect(new RegExp(`(?:${pattern})$`).test(text.slice(0, end))).toBe(true)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('is found however the text is cut into pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 5 })),
        fc.array(fc.string({ maxLength: 5 })),
        (before, after) => {
          const matcher = matcherFor(literalPattern('NEEDLE'))
          const pieces = [...before, 'NEE', 'DLE', ...after]
          expect(pieces.some(piece => matcher.feed(piece) !== undefined)).toBe(true)
        },
      ),
    )
  })
})
