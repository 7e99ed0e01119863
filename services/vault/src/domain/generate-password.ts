import { SallyportError } from '@sallyport/errors/error'
import { type CharacterClass, classesOf, countTable, type StrengthRules, waysPerCount } from './strength.ts'

/** Cryptographically secure random bytes. */
export type RandomBytes = (count: number) => Uint8Array

const MAX_TRIES = 20

/**
 * Makes a password by the rules, each possible one equally likely, as ASCII bytes.
 *
 * `isTaken` says which to avoid, such as the last ones of the same account. Throws `internal` if the randomness is
 * broken: no honest source gives a taken password twenty times.
 */
export const generatePassword = (
  rules: StrengthRules,
  random: RandomBytes,
  isTaken: (password: Uint8Array) => boolean,
): Uint8Array => {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const password = drawPassword(rules, random)
    if (!isTaken(password)) return password
    password.fill(0)
  }
  throw new SallyportError('internal', undefined, { cause: new Error('the randomness repeats itself') })
}

const drawPassword = (rules: StrengthRules, random: RandomBytes): Uint8Array => {
  const places = drawPlaces(rules, random)
  const password = new Uint8Array(rules.length)
  places.forEach((characters, at) => {
    password[at] = characters.charCodeAt(Number(randomBelow(BigInt(characters.length), random)))
  })
  return password
}

/** Which class stands at each place: first how many of each, weighted by the number of passwords, then shuffled. */
const drawPlaces = (rules: StrengthRules, random: RandomBytes): string[] => {
  const classes = classesOf(rules)
  const table = countTable(classes, rules.length)
  let left = rules.length
  const places = classes.flatMap((one, index) => {
    const count = drawCount(one, left, table[index + 1] ?? [], random)
    left -= count
    return Array.from({ length: count }, () => one.characters)
  })
  return shuffle(places, random)
}

const drawCount = (
  { characters, min }: CharacterClass,
  length: number,
  rest: readonly bigint[],
  random: RandomBytes,
): number => {
  const ways = waysPerCount(characters.length, min, length, rest)
  let chosen = randomBelow(
    ways.reduce((total, way) => total + way, 0n),
    random,
  )
  return ways.findIndex(way => {
    chosen -= way
    return chosen < 0n
  })
}

/** Fisher and Yates. */
const shuffle = <T>(items: readonly T[], random: RandomBytes): T[] => {
  const shuffled = [...items]
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Number(randomBelow(BigInt(last + 1), random))
    const [a, b] = [shuffled[last], shuffled[other]]
    // Both indexes are within the array.
    if (a !== undefined && b !== undefined) [shuffled[last], shuffled[other]] = [b, a]
  }
  return shuffled
}

/** A number from 0 to `limit` - 1, each equally likely: what does not fit evenly is drawn again. */
export const randomBelow = (limit: bigint, random: RandomBytes): bigint => {
  const bits = (limit - 1n).toString(2).length
  const bytes = Math.ceil(bits / 8)
  for (;;) {
    const drawn = BigInt(`0x${Buffer.from(random(bytes)).toString('hex')}`) >> BigInt(bytes * 8 - bits)
    if (drawn < limit) return drawn
  }
}
