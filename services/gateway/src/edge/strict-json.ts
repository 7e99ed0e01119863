import type { SallyportError } from '@sallyport/errors/error'
import { invalidFields } from './validation.ts'

const maxDepth = 16
const maxKeys = 5_000
/** Texts, commas and brackets: what a parser builds values of. */
const maxPieces = 20_000
/** Keys that reach an object's prototype in careless code downstream. */
const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses a JSON text (RFC 8259) more strictly than `JSON.parse`: only UTF-8 without a byte order mark, no duplicate
 * keys, no keys that reach a prototype, and a bounded depth and number of keys and pieces. An empty text is no value.
 * @throws SallyportError `request.invalid`, which quotes nothing of the text.
 */
export const parseStrictJson = (bytes: Uint8Array): unknown => {
  if (bytes.byteLength === 0) return undefined
  const text = textOf(bytes)
  // Structure first: a bomb is refused before anything is built from it.
  checkStructure(text)
  try {
    return JSON.parse(text)
  } catch {
    throw refused('is not JSON')
  }
}

const textOf = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes)
  } catch {
    throw refused('is not UTF-8')
  }
}

const refused = (message: string): SallyportError => invalidFields({ field: 'body', message })

/** Looks at brackets and keys only; whether the rest is JSON is for the parser to say. */
const checkStructure = (text: string): void => {
  // One entry for each open bracket: an object's keys so far, or undefined for an array.
  const open: (Set<string> | undefined)[] = []
  let keys = 0
  let pieces = 0
  for (let at = find(structural, text, 0); at < text.length; at = find(structural, text, at + 1)) {
    const character = text[at]
    pieces += 1
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(undefined)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = endOfString(text, at)
      if (text[find(notSpace, text, end)] === ':') {
        keys += 1
        noteKey(open.at(-1), text.slice(at, end))
      }
      at = end - 1
    }
    if (open.length > maxDepth) throw refused('is nested too deeply')
    if (keys > maxKeys) throw refused('has too many fields')
    if (pieces > maxPieces) throw refused('has too many values')
  }
}

const structural = /["{}[\],]/g
const notSpace = /[^ \n\r\t]/g
const backslash = 0x5c

/** Where the next such character is, or the end. A regular expression skips megabytes in no time. */
const find = (wanted: RegExp, text: string, from: number): number => {
  wanted.lastIndex = from
  return wanted.exec(text)?.index ?? text.length
}

/** The position after the closing quote: the first with an even number of backslashes before it. */
const endOfString = (text: string, start: number): number => {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at
    while (text.charCodeAt(before - 1) === backslash) before -= 1
    if ((at - before) % 2 === 0) return at + 1
  }
  return text.length
}

const noteKey = (keys: Set<string> | undefined, quoted: string): void => {
  const key = decodeKey(quoted)
  if (forbiddenKeys.has(key)) throw refused('has a field with a forbidden name')
  if (keys?.has(key)) throw refused('has the same field twice')
  keys?.add(key)
}

const decodeKey = (quoted: string): string => {
  try {
    return String(JSON.parse(quoted))
  } catch {
    throw refused('is not JSON')
  }
}
