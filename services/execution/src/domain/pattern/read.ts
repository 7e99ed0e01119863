import { anyButNewLine, readClass, readEscape, single } from './character-set.ts'
import { type Cursor, type Node, PatternError, peek, take } from './syntax.ts'

const mostRepeats = 100
const deepest = 20

/** Reads the subset of regular expressions that a finite automaton can match. */
export const readPattern = (text: string): Node => {
  const cursor = { text, offset: 0 }
  const node = readChoice(cursor, 0)
  if (peek(cursor) === ')') throw new PatternError(cursor.offset, '")" has no "("')
  return node
}

const readChoice = (cursor: Cursor, depth: number): Node => {
  if (depth > deepest) throw new PatternError(cursor.offset, `Groups nest at most ${deepest} deep`)
  const options = [readSequence(cursor, depth)]
  while (peek(cursor) === '|') {
    take(cursor)
    options.push(readSequence(cursor, depth))
  }
  return { kind: 'choice', options }
}

const readSequence = (cursor: Cursor, depth: number): Node => {
  const items: Node[] = []
  while (!['', '|', ')'].includes(peek(cursor))) items.push(readRepeats(cursor, readAtom(cursor, depth)))
  return { kind: 'sequence', items }
}

const readAtom = (cursor: Cursor, depth: number): Node => {
  const offset = cursor.offset
  const character = take(cursor)
  switch (character) {
    case '(':
      return readGroup(cursor, depth, offset)
    case '[':
      return { kind: 'set', set: readClass(cursor) }
    case '\\':
      return { kind: 'set', set: readEscape(cursor) }
    case '.':
      return { kind: 'set', set: anyButNewLine }
    case '^':
      return { kind: 'line-start' }
    case '$':
      return { kind: 'line-end' }
    case '*':
    case '+':
    case '?':
    case '{':
      throw new PatternError(
        offset,
        `"${character}" has nothing to repeat; write "\\${character}" for the character`,
      )
    default:
      return { kind: 'set', set: single(character) }
  }
}

const readGroup = (cursor: Cursor, depth: number, offset: number): Node => {
  if (peek(cursor) === '?') {
    if (!cursor.text.startsWith('?:', cursor.offset)) {
      throw new PatternError(offset, 'Look-around and named groups are not supported')
    }
    cursor.offset += 2
  }
  const group = readChoice(cursor, depth + 1)
  if (take(cursor) !== ')') throw new PatternError(offset, '"(" is not closed by ")"')
  return group
}

const readRepeats = (cursor: Cursor, item: Node): Node => {
  const offset = cursor.offset
  const bounds = readBounds(cursor)
  if (bounds === undefined) return item
  if (item.kind === 'line-start' || item.kind === 'line-end') {
    throw new PatternError(offset, 'The start or end of a line cannot be repeated')
  }
  if ('*+?{'.includes(peek(cursor)) && peek(cursor) !== '') {
    throw new PatternError(
      cursor.offset,
      'A repetition cannot follow a repetition; a match is always the shortest',
    )
  }
  return { kind: 'repeat', item, ...bounds }
}

const readBounds = (cursor: Cursor): { least: number; most: number } | undefined => {
  switch (peek(cursor)) {
    case '*':
      take(cursor)
      return { least: 0, most: Number.POSITIVE_INFINITY }
    case '+':
      take(cursor)
      return { least: 1, most: Number.POSITIVE_INFINITY }
    case '?':
      take(cursor)
      return { least: 0, most: 1 }
    case '{':
      return readCounts(cursor)
    default:
      return undefined
  }
}

const readCounts = (cursor: Cursor) => {
  const written = /^\{(\d{1,3})(?:(,)(\d{1,3})?)?\}/.exec(cursor.text.slice(cursor.offset))
  const least = Number(written?.[1])
  const open = written?.[2] !== undefined && written[3] === undefined
  const most = open ? Number.POSITIVE_INFINITY : Number(written?.[3] ?? written?.[1])
  if (written === null || least > mostRepeats || (!open && most > mostRepeats) || most < least) {
    throw new PatternError(cursor.offset, `Expected {n}, {n,} or {n,m} with at most ${mostRepeats}`)
  }
  cursor.offset += written[0].length
  return { least, most }
}
