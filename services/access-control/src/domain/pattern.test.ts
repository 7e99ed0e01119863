import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesAny, parsePatterns } from './pattern.ts'

const matches = (list: string, value: string, userName = 'ann'): boolean =>
  matchesAny(parsePatterns(list, true), value, userName)

describe('a comma list', () => {
  it.each([
    ['root', 'root', true],
    ['root', 'ROOT', true],
    ['root', 'roots', false],
    ['root,admin', 'admin', true],
    [' root , admin ', 'admin', true],
    ['*', '', true],
    ['web-*', 'web-1', true],
    ['web-*', 'db-1', false],
    ['*-prod', 'web-prod', true],
    ['*-prod', 'web-prod-2', false],
    ['web-*-prod', 'web-1-prod', true],
    ['web-*-prod', 'web-prod', false],
    ['*web*', 'my-web-1', true],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'acb', false],
    ['aba*aba', 'aba', false],
    ['a\\,b', 'a,b', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a\\\\', 'a\\', true],
    ['\\ root', ' root', true],
    ['[#USERNAME#]', 'ann', true],
    ['[#USERNAME#]', 'joanna', false],
    ['[#USERNAME#]*', 'ann-adm', true],
    ['*[#USERNAME#]*', 'joanna', true],
    ['adm-[#USERNAME#]', 'adm-ann', true],
    ['[abc]', 'a', false],
    ['a.c', 'abc', false],
  ])('%j on %j answers %s', (list, value, expected) => {
    expect(matches(list, value)).toBe(expected)
  })

  it.each([['a,'], [','], ['[#USER#]'], ['a\\'], ['a,,b']])('%j is refused', list => {
    expect(() => parsePatterns(list, true)).toThrow()
  })

  it('takes the mask only where it is allowed', () => {
    expect(() => parsePatterns('[#USERNAME#]', false)).toThrow('credential')
  })

  it('puts the user’s name in as data, never as a wildcard', () => {
    const form = (text: string): string => text.normalize('NFKC').toLowerCase().normalize('NFKC')
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, value) => {
        expect(matches('[#USERNAME#]', value, name)).toBe(form(value) === form(name))
      }),
    )
    expect(matches('[#USERNAME#]', 'root', '*')).toBe(false)
    expect(matches('[#USERNAME#]*', 'a,b', 'a,')).toBe(true)
  })

  it('matches an escaped text and nothing else', () => {
    const escape = (text: string): string => text.replace(/[\\,*[\s]/g, '\\$&')
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{1,20}$/), fc.stringMatching(/^[ -~]{1,20}$/), (text, other) => {
        expect(matches(escape(text), text)).toBe(true)
        expect(matches(escape(text), other)).toBe(other.toLowerCase() === text.toLowerCase())
      }),
    )
  })

  it('agrees with a backtracking matcher on short inputs', () => {
    const naive = (pattern: string, value: string): boolean => {
      if (pattern === '') return value === ''
      if (pattern[0] === '*') {
        return naive(pattern.slice(1), value) || (value !== '' && naive(pattern, value.slice(1)))
      }
      return pattern[0] === value[0] && naive(pattern.slice(1), value.slice(1))
    }
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*]{1,8}$/), fc.stringMatching(/^[ab]{0,10}$/), (pattern, value) => {
        expect(matches(pattern, value)).toBe(naive(pattern, value))
      }),
      { numRuns: 2_000 },
    )
  })

  it('stays fast on a pattern made to make matchers backtrack', () => {
    const started = performance.now()
    expect(matches(`${'a*'.repeat(500)}b`, 'a'.repeat(10_000))).toBe(false)
    expect(performance.now() - started).toBeLessThan(200)
  })
})
