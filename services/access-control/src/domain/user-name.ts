import { SallyportError } from '@sallyport/errors/error'

const maxLength = 64
const shape = /^[\p{L}\p{N}](?:[\p{L}\p{N}._@-]*[\p{L}\p{N}_])?$/u

/** Names that would confuse people or other systems about who acts. */
const reserved: ReadonlySet<string> = new Set([
  'root',
  'system',
  'sallyport',
  'anonymous',
  'nobody',
  'service',
])

/** Scripts that others imitate: a name that uses one keeps to it, so that no "аdmin" stands beside an "admin". */
const imitated: readonly RegExp[] = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u]

/** Letters that stand beside Latin ones in honest names, and look like none of them (UTS 39, highly restrictive). */
const eastAsian =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u

/**
 * The one form in which a user name is stored, looked up, counted and compared: NFKC, lower case.
 *
 * INVARIANT: idempotent. Lower-casing can leave a text that NFKC changes again, so it is done until nothing moves.
 */
export const normalizeUserName = (text: string): string => {
  let form = text
  for (let round = 0; round < 4; round++) {
    const next = form.normalize('NFKC').toLowerCase().normalize('NFKC')
    if (next === form) return form
    form = next
  }
  return form
}

/** The normal form of a new user's name. Spaces around a name are refused rather than trimmed: nobody sees them. */
export const newUserName = (text: string): string => {
  const name = normalizeUserName(text)
  if (name.length > maxLength || !shape.test(name)) {
    throw new SallyportError(
      'request.invalid',
      'a user name has 1 to 64 letters, digits, ".", "_", "-" or "@", and starts with a letter or digit',
    )
  }
  if (mixesScripts(name)) {
    throw new SallyportError('request.invalid', 'a user name mixes letters that look alike')
  }
  if (reserved.has(name)) throw new SallyportError('request.invalid', 'this user name is reserved')
  return name
}

const mixesScripts = (name: string): boolean => {
  const letters = Array.from(name).filter(character => /\p{L}/u.test(character) && !eastAsian.test(character))
  return imitated.some(
    script => letters.some(letter => script.test(letter)) && !letters.every(letter => script.test(letter)),
  )
}

/** The normal form of a name somebody logs in with, or undefined if no user can have it. */
export const loginUserName = (text: string): string | undefined => {
  if (text.length > maxLength * 4) return undefined
  const name = normalizeUserName(text)
  return name.length <= maxLength && shape.test(name) ? name : undefined
}
