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

/** Scripts whose letters look alike: a name keeps to one of them, so that no "аdmin" stands beside an "admin". */
const scripts: readonly RegExp[] = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u]

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
  if (scripts.filter(script => script.test(name)).length > 1) {
    throw new SallyportError('request.invalid', 'a user name mixes letters that look alike')
  }
  if (reserved.has(name)) throw new SallyportError('request.invalid', 'this user name is reserved')
  return name
}

/** The normal form of a name somebody logs in with, or undefined if no user can have it. */
export const loginUserName = (text: string): string | undefined => {
  if (text.length > maxLength * 4) return undefined
  const name = normalizeUserName(text)
  return name.length <= maxLength && shape.test(name) ? name : undefined
}
