import { invalid } from './invalid.ts'

type TextRules = {
  max: number
  /** Whether it may be empty; default no. */
  optional?: boolean
}

/**
 * Characters that no name may contain, because criteria and login strings give them a meaning of their own:
 * comma lists, the `*` wildcard, and the brackets of `user[account@device]`.
 */
const RESERVED = /[,*[\]{}]/u
// Control, format (bidirectional overrides, zero width), line and paragraph separators, lone surrogates.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u
const UNPRINTABLE_EXCEPT_LINES = /[^\P{Cc}\n\t]|\p{Cs}/u

/** A one-line name in Unicode normal form C. Throws `request.invalid`. */
export const parseName = (field: string, text: string, { max, optional = false }: TextRules): string => {
  const name = text.normalize('NFC')
  if (name === '' && optional) return name
  if (name === '') throw invalid(field, 'must not be empty')
  if (Array.from(name).length > max) throw invalid(field, `must have at most ${max} characters`)
  if (name.trim() !== name) throw invalid(field, 'must not begin or end with a space')
  if (UNPRINTABLE.test(name)) throw invalid(field, 'must not contain control or invisible characters')
  if (RESERVED.test(name)) throw invalid(field, 'must not contain any of , * [ ] { }')
  return name
}

/** Text of several lines, such as notes. Throws `request.invalid`. */
export const parseNotes = (field: string, text: string, { max }: TextRules): string => {
  const notes = text.normalize('NFC').replaceAll('\r\n', '\n')
  if (Array.from(notes).length > max) throw invalid(field, `must have at most ${max} characters`)
  if (UNPRINTABLE_EXCEPT_LINES.test(notes)) throw invalid(field, 'must not contain control characters')
  return notes
}

/** A word such as `linux-server`. Throws `request.invalid`. */
export const parseWord = (field: string, text: string): string => {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(text))
    throw invalid(field, 'must be 1 to 64 lower-case letters, digits and inner hyphens')
  return text
}

/** Text to search for. Throws `request.invalid` for what no stored text can contain. */
export const parseFilter = (field: string, text: string): string => {
  if (text.length > 256 || text.includes('\0'))
    throw invalid(field, 'must have at most 256 characters and no NUL')
  return text
}
