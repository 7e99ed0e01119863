import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loginUserName, newUserName, normalizeUserName } from './user-name.ts'

describe('a user name', () => {
  it.each([
    ['Alice', 'alice'],
    ['ＡＬＩＣＥ', 'alice'],
    ['ﬁona', 'fiona'],
    ['bob.smith', 'bob.smith'],
  ])('%j has the normal form %j', (text, form) => {
    expect(newUserName(text)).toBe(form)
  })

  it.each([
    [''],
    [' alice'],
    ['alice '],
    ['alice.'],
    ['a\u0000b'],
    ['a[b'],
    ['a b'],
    ['ROOT'],
    ['Ｓystem'],
    ['x'.repeat(65)],
    ['a\u200bb'],
    ['\u0430dmin'],
  ])('%j is refused', text => {
    expect(() => newUserName(text)).toThrow()
  })

  it('has one normal form, however often it is taken', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const form = normalizeUserName(text)
        expect(normalizeUserName(form)).toBe(form)
      }),
      { numRuns: 300 },
    )
  })

  it('is found by every spelling that has its normal form', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/), fc.boolean(), (name, wide) => {
        const upper = name.toUpperCase()
        const spelt = wide
          ? Array.from(upper, c => String.fromCodePoint((c.codePointAt(0) ?? 0) + 0xfee0)).join('')
          : upper
        expect(loginUserName(spelt)).toBe(name)
      }),
    )
  })
})
