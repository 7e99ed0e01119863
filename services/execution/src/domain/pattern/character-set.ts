import type { CharacterSet } from './pattern.ts'
import { type Cursor, PatternError, peek, take } from './syntax.ts'

type Range = readonly [number, number]

const code = (character: string): number => character.charCodeAt(0)
const range = (from: string, to: string): Range => [code(from), code(to)]

export const single = (character: string): CharacterSet => ({
  ranges: [range(character, character)],
  negated: false,
})

export const anyButNewLine: CharacterSet = { ranges: [range('\n', '\n'), range('\r', '\r')], negated: true }

const digits: readonly Range[] = [range('0', '9')]
const word: readonly Range[] = [range('0', '9'), range('A', 'Z'), range('_', '_'), range('a', 'z')]
const space: readonly Range[] = [range('\t', '\r'), range(' ', ' '), [0xa0, 0xa0]]

const classes: Record<string, CharacterSet> = {
  d: { ranges: digits, negated: false },
  D: { ranges: digits, negated: true },
  w: { ranges: word, negated: false },
  W: { ranges: word, negated: true },
  s: { ranges: space, negated: false },
  S: { ranges: space, negated: true },
}

const controls: Record<string, string> = { n: '\n', r: '\r', t: '\t', e: '\u001b' }

/** What follows a backslash. Back-references and other letters are refused, so that none is silently a literal. */
export const readEscape = (cursor: Cursor): CharacterSet => {
  const offset = cursor.offset - 1
  const character = take(cursor)
  const known = classes[character]
  if (known !== undefined) return known
  if (character !== '' && !/[A-Za-z0-9]/.test(character)) return single(character)
  const control = controls[character]
  if (control !== undefined) return single(control)
  throw new PatternError(offset, `"\\${character}" is not supported`)
}

/** What follows `[`. */
export const readClass = (cursor: Cursor): CharacterSet => {
  const start = cursor.offset - 1
  const negated = peek(cursor) === '^'
  if (negated) take(cursor)
  const ranges: Range[] = []
  while (peek(cursor) !== ']' || ranges.length === 0) {
    if (peek(cursor) === '') throw new PatternError(start, '"[" is not closed by "]"')
    ranges.push(...readItem(cursor))
  }
  take(cursor)
  return { ranges, negated }
}

const readItem = (cursor: Cursor): readonly Range[] => {
  const offset = cursor.offset
  const first = readMember(cursor)
  if (peek(cursor) !== '-' || cursor.text.charAt(cursor.offset + 1) === ']') return first
  take(cursor)
  const last = readMember(cursor)
  const [from, to] = [onlyCharacter(first, offset), onlyCharacter(last, offset)]
  if (to < from) throw new PatternError(offset, 'A range must go upwards')
  return [[from, to]]
}

const readMember = (cursor: Cursor): readonly Range[] => {
  const offset = cursor.offset
  const character = take(cursor)
  if (character !== '\\') return single(character).ranges
  const set = readEscape(cursor)
  if (set.negated) throw new PatternError(offset, 'A negated class cannot stand inside "[…]"')
  return set.ranges
}

const onlyCharacter = (ranges: readonly Range[], offset: number): number => {
  const [only] = ranges
  if (ranges.length !== 1 || only === undefined || only[0] !== only[1]) {
    throw new PatternError(offset, 'A range needs one character on each side')
  }
  return only[0]
}

export const contains = (set: CharacterSet, character: number): boolean =>
  set.ranges.some(([from, to]) => character >= from && character <= to) !== set.negated
