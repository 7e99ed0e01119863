import { invalid } from './invalid.ts'

/**
 * How passwords are made. A class may occur whatever its minimum; to leave one out, forbid its characters.
 * The characters are the 94 printable ASCII ones without the space.
 */
export type StrengthRules = {
  length: number
  minUpper: number
  minLower: number
  minDigits: number
  minSymbols: number
  forbidden: string
}

/** 24 characters of all four classes: 156 bits. */
export const defaultRules: StrengthRules = {
  length: 24,
  minUpper: 1,
  minLower: 1,
  minDigits: 1,
  minSymbols: 1,
  forbidden: '',
}

/** A class of characters that a password is made of, and how many it must have at least. */
export type CharacterClass = { characters: string; min: number }

const MAX_LENGTH = 256
const MIN_ENTROPY_BITS = 40
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const SYMBOLS = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'

export const classesOf = (rules: StrengthRules): CharacterClass[] => {
  const allowed = (characters: string): string =>
    Array.from(characters)
      .filter(character => !rules.forbidden.includes(character))
      .join('')
  return [
    { characters: allowed(UPPER), min: rules.minUpper },
    { characters: allowed(LOWER), min: rules.minLower },
    { characters: allowed(DIGITS), min: rules.minDigits },
    { characters: allowed(SYMBOLS), min: rules.minSymbols },
  ]
}

/** Throws `request.invalid` if no password, or only guessable ones, can be made by the rules. */
export const parseStrengthRules = (rules: StrengthRules): StrengthRules => {
  const counts = [rules.length, rules.minUpper, rules.minLower, rules.minDigits, rules.minSymbols]
  if (!counts.every(count => Number.isInteger(count) && count >= 0 && count <= MAX_LENGTH))
    throw invalid('rules', `must have a length and minimums of at most ${MAX_LENGTH}`)
  if (/[^\x20-\x7e]/.test(rules.forbidden)) throw invalid('forbidden', 'must be printable ASCII characters')
  if (classesOf(rules).some(({ characters, min }) => characters === '' && min > 0))
    throw invalid('rules', 'forbid every character of a class that they require')
  if (entropyBits(rules) < MIN_ENTROPY_BITS)
    throw invalid('rules', `must give passwords of at least ${MIN_ENTROPY_BITS} bits of entropy`)
  return { ...rules, forbidden: [...new Set(rules.forbidden)].toSorted().join('') }
}

/** Exactly how hard a password made by the rules is to guess: log2 of the number of passwords, all equally likely. */
export const entropyBits = (rules: StrengthRules): number => {
  const count = countTable(classesOf(rules), rules.length)[0]?.[rules.length] ?? 0n
  return count === 0n ? 0 : log2(count)
}

/** `table[k][n]`: how many strings of length n the classes k and later can make, their minimums met. */
export const countTable = (classes: readonly CharacterClass[], length: number): bigint[][] => {
  const none: bigint[] = Array.from({ length: length + 1 }, (_, n) => (n === 0 ? 1n : 0n))
  const table = [none]
  for (const { characters, min } of classes.toReversed()) {
    const [rest = none] = table
    table.unshift(rest.map((_, n) => sum(waysPerCount(characters.length, min, n, rest))))
  }
  return table
}

/** For each number `i` of characters of one class, how many strings of length n have exactly that many. */
export const waysPerCount = (size: number, min: number, n: number, rest: readonly bigint[]): bigint[] => {
  let placements = 1n // n over i
  let fillings = 1n // size to the power i
  return Array.from({ length: n + 1 }, (_, i) => {
    if (i > 0) {
      placements = (placements * BigInt(n - i + 1)) / BigInt(i)
      fillings *= BigInt(size)
    }
    return i < min ? 0n : placements * fillings * (rest[n - i] ?? 0n)
  })
}

const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n)

/** Exact to the last bits of a double: the leading 64 bits as a number, the rest as an exponent. */
const log2 = (value: bigint): number => {
  const excess = Math.max(0, value.toString(2).length - 64)
  return Math.log2(Number(value >> BigInt(excess))) + excess
}
