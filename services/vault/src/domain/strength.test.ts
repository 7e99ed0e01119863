import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  classesOf,
  countTable,
  defaultRules,
  entropyBits,
  parseStrengthRules,
  type StrengthRules,
} from './strength.ts'

const invalid = expect.objectContaining({ reason: 'request.invalid' })
const rules = (changes: Partial<StrengthRules>): StrengthRules => ({ ...defaultRules, ...changes })

describe('entropy', () => {
  test('of unconstrained passwords is length times the bits of a character', () => {
    const free = rules({ minUpper: 0, minLower: 0, minDigits: 0, minSymbols: 0 })
    for (const length of [1, 8, 24, 256])
      expect(entropyBits({ ...free, length })).toBeCloseTo(length * Math.log2(94), 9)
  })

  test('counts exactly the strings that meet the minimums', () => {
    const small = fc.record({
      length: fc.integer({ min: 1, max: 5 }),
      mins: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)),
    })
    fc.assert(
      fc.property(small, ({ length, mins }) => {
        const sets = ['ab', 'c', 'de']
        const classes = sets.map((characters, index) => ({ characters, min: mins[index] ?? 0 }))
        const strings = Array.from({ length }).reduce<string[]>(
          all => all.flatMap(head => Array.from('abcde').map(tail => head + tail)),
          [''],
        )
        const meets = (text: string): boolean =>
          classes.every(
            ({ characters, min }) => Array.from(text).filter(c => characters.includes(c)).length >= min,
          )
        expect(countTable(classes, length)[0]?.[length]).toBe(BigInt(strings.filter(meets).length))
      }),
    )
  })

  test('of the default rules is over 150 bits', () => {
    expect(entropyBits(defaultRules)).toBeGreaterThan(150)
  })
})

test('rules that no password can meet, or only guessable ones, are refused', () => {
  const refused: Partial<StrengthRules>[] = [
    { length: 0 },
    { length: 257 },
    { length: 4 },
    { length: 10, minUpper: 11 },
    { length: 20.5 },
    { minUpper: -1 },
    { minDigits: 1, forbidden: '0123456789' },
    { forbidden: 'é' },
    { forbidden: '\n' },
    { length: 8, minUpper: 3, minLower: 3, minDigits: 3 },
    { length: 12, minUpper: 0, minLower: 0, minSymbols: 0, minDigits: 12 },
  ]
  for (const changes of refused)
    expect(() => parseStrengthRules(rules(changes)), JSON.stringify(changes)).toThrow(invalid)
})

test('forbidden characters are kept once each', () => {
  expect(parseStrengthRules(rules({ forbidden: 'ba"a' })).forbidden).toBe('"ab')
})

test('without forbidden characters the classes are the 94 printable ASCII ones', () => {
  const all = classesOf(defaultRules).flatMap(({ characters }) => Array.from(characters))
  const printable = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index))
  expect(all.toSorted()).toEqual(printable.toSorted())
})
