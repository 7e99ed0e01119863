import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { generatePassword, randomBelow } from './generate-password.ts'
import { classesOf, defaultRules, entropyBits, parseStrengthRules, type StrengthRules } from './strength.ts'

const never = (): boolean => false
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('ascii')
const exhausted = (): never => {
  throw new RangeError('no more bytes')
}
const anyRules: fc.Arbitrary<StrengthRules> = fc
  .record({
    length: fc.integer({ min: 8, max: 60 }),
    minUpper: fc.nat(8),
    minLower: fc.nat(8),
    minDigits: fc.nat(8),
    minSymbols: fc.nat(8),
    forbidden: fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
  })
  .filter(rules => {
    try {
      return parseStrengthRules(rules) !== undefined
    } catch {
      return false
    }
  })

test('a made password has the length and minimums asked for, and no forbidden character', () => {
  fc.assert(
    fc.property(anyRules, rules => {
      const password = text(generatePassword(rules, randomBytes, never))
      expect(password).toHaveLength(rules.length)
      for (const { characters, min } of classesOf(rules))
        expect(Array.from(password).filter(c => characters.includes(c)).length).toBeGreaterThanOrEqual(min)
      expect(Array.from(password).some(c => rules.forbidden.includes(c))).toBe(false)
    }),
    { numRuns: 100 },
  )
})

test('every password that the rules allow is equally likely', () => {
  // 2 letters and a digit out of three: 3 places x 2 x 2 = 12 passwords of exactly one digit, 6 of two, 1 of three.
  const all = classesOf(defaultRules).flatMap(({ characters }) => Array.from(characters))
  const forbidden = all.filter(c => !'ab1'.includes(c)).join('')
  const rules = { length: 3, minUpper: 0, minLower: 0, minDigits: 1, minSymbols: 0, forbidden }
  expect(entropyBits(rules)).toBeCloseTo(Math.log2(19), 9)
  const counts = new Map<string, number>()
  const draws = 3_800
  for (let draw = 0; draw < draws; draw += 1) {
    const password = text(generatePassword(rules, randomBytes, never))
    counts.set(password, (counts.get(password) ?? 0) + 1)
  }
  expect(counts.size).toBe(19)
  const chiSquared = [...counts.values()].reduce((sum, n) => sum + (n - 200) ** 2 / 200, 0)
  // 18 degrees of freedom: above 60 by chance once in 500,000 runs.
  expect(chiSquared).toBeLessThan(60)
})

test('a number below a limit is drawn without bias, whatever the limit', () => {
  // Every byte once, in order: each number that fits must come up equally often.
  for (const limit of [2n, 3n, 10n, 94n, 200n, 256n]) {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte).values()
    const counts = new Map<bigint, number>()
    try {
      for (;;) {
        const drawn = randomBelow(limit, () => Uint8Array.of(bytes.next().value ?? exhausted()))
        counts.set(drawn, (counts.get(drawn) ?? 0) + 1)
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
    expect(new Set(counts.values()).size, `below ${limit}`).toBe(1)
    expect(counts.size).toBe(Number(limit))
  }
})

test('a taken password is not given again', () => {
  const taken: string[] = []
  const rules = { ...defaultRules, length: 8 }
  generatePassword(rules, randomBytes, password => {
    taken.push(text(password))
    return taken.length <= 3
  })
  expect(new Set(taken).size).toBe(4)
})

test('randomness that repeats itself is noticed instead of giving the same password again', () => {
  const stuck = (count: number): Uint8Array => new Uint8Array(count)
  const first = text(generatePassword(defaultRules, stuck, never))
  expect(() => generatePassword(defaultRules, stuck, password => text(password) === first)).toThrow(
    expect.objectContaining({ reason: 'internal' }),
  )
})
