import { SallyportError } from '@sallyport/errors/error'
import { foldName } from '@sallyport/names/fold-name'

/** One item of a comma list, cut at its wildcards. */
type Part = { kind: 'text'; text: string } | { kind: 'any' } | { kind: 'user-name' }

export type Pattern = {
  readonly parts: readonly Part[]
  /** The folded text between the wildcards; undefined where it depends on who asks. */
  readonly pieces: readonly string[] | undefined
}

const maxLength = 4096
const maxItems = 200
const mask = '[#USERNAME#]'

/**
 * Reads a comma list: `*` stands for any characters, `\` makes the next character plain, spaces around an item do
 * not count, and `[#USERNAME#]` (where allowed) stands for the name of the user who asks.
 *
 * ```
 * list = item *( "," item )
 * item = 1*( "*" / mask / "\" character / character )
 * ```
 */
export const parsePatterns = (list: string, allowMask: boolean): Pattern[] => {
  if (list.trim() === '') return []
  if (list.length > maxLength) throw invalid(`a criterion has at most ${maxLength} characters`)
  const items = splitItems(list)
  if (items.length > maxItems) throw invalid(`a criterion has at most ${maxItems} items`)
  return items.map(item => parseItem(item, allowMask))
}

/** Whether a value matches one of the patterns. Takes time linear in the value for each piece of a pattern. */
export const matchesAny = (patterns: readonly Pattern[], value: string, userName: string): boolean => {
  const folded = foldName(value)
  return patterns.some(({ parts, pieces }) => matches(pieces ?? piecesOf(parts, userName), folded))
}

/** Whether the pattern holds the mask beside a wildcard, so that `ann` also reaches `joanna`. */
export const maskIsOpen = ({ parts }: Pattern): boolean => {
  return parts.some(part => part.kind === 'user-name') && parts.some(part => part.kind === 'any')
}

const splitItems = (list: string): string[] => {
  const items: string[] = ['']
  for (let at = 0; at < list.length; at++) {
    const character = list.charAt(at)
    if (character === ',') items.push('')
    else {
      const taken = character === '\\' ? list.slice(at, at + 2) : character
      items[items.length - 1] += taken
      at += taken.length - 1
    }
  }
  return items
}

const parseItem = (raw: string, allowMask: boolean): Pattern => {
  const item = trimUnescaped(raw)
  if (item === '') throw invalid('a criterion has an empty item')
  const parts: Part[] = []
  for (let at = 0; at < item.length; ) at += readPart(item, at, parts, allowMask)
  const isMasked = parts.some(part => part.kind === 'user-name')
  return { parts, pieces: isMasked ? undefined : piecesOf(parts, '') }
}

/** Reads one part at a position and says how many characters it took. */
const readPart = (item: string, at: number, parts: Part[], allowMask: boolean): number => {
  const character = item.charAt(at)
  if (item.startsWith('[#', at)) {
    if (!item.startsWith(mask, at)) throw invalid(`the only mask is ${mask}`)
    if (!allowMask) throw invalid(`${mask} may only stand in the credential's username`)
    parts.push({ kind: 'user-name' })
    return mask.length
  }
  if (character === '*') {
    if (parts.at(-1)?.kind !== 'any') parts.push({ kind: 'any' })
    return 1
  }
  if (character === '\\' && at + 1 === item.length) throw invalid('a criterion ends with a single "\\"')
  const taken = character === '\\' ? 2 : 1
  addText(parts, item.charAt(at + taken - 1))
  return taken
}

const addText = (parts: Part[], text: string): void => {
  const last = parts.at(-1)
  if (last?.kind === 'text') last.text += text
  else parts.push({ kind: 'text', text })
}

const trimUnescaped = (item: string): string => {
  const start = item.trimStart()
  const end = start.trimEnd()
  const slashes = /\\*$/.exec(end)?.[0].length ?? 0
  return slashes % 2 === 1 ? start.slice(0, end.length + 1) : end
}

/** The greedy match is right because only the first and the last piece are tied to a place. */
const matches = (pieces: readonly string[], value: string): boolean => {
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  if (pieces.length === 1) return value === first
  if (value.length < first.length + last.length) return false
  if (!value.startsWith(first) || !value.endsWith(last)) return false
  let from = first.length
  const limit = value.length - last.length
  for (const piece of pieces.slice(1, -1)) {
    const found = value.indexOf(piece, from)
    if (found < 0 || found + piece.length > limit) return false
    from = found + piece.length
  }
  return true
}

/** The user's name is put in as data: a `*` in it would stay a character. */
const piecesOf = (parts: readonly Part[], userName: string): string[] => {
  const pieces = ['']
  for (const part of parts) {
    if (part.kind === 'any') pieces.push('')
    else pieces[pieces.length - 1] += part.kind === 'text' ? part.text : foldName(userName)
  }
  return pieces.map(foldName)
}

const invalid = (message: string): SallyportError => {
  return new SallyportError('request.invalid', message)
}
