import { SallyportError } from '@sallyport/errors/error'
import { normalizeUserName } from './user-name.ts'

const minCharacters = 12
const maxBytes = 1024

/** How many earlier passwords may not come back. */
export const rememberedPasswords: number = 5

/** Refuses a new password that is too short, too long, not text, or holds the user's name. */
export const checkNewPassword = (password: Uint8Array, userName: string): void => {
  if (password.byteLength > maxBytes) throw weak(`a password has at most ${maxBytes} bytes`)
  const text = decode(password)
  if (Array.from(text).length < minCharacters)
    throw weak(`a password has at least ${minCharacters} characters`)
  if (normalizeUserName(text).includes(userName)) throw weak('the password holds the user name')
  if (new Set(text).size < 4) throw weak('the password repeats too few characters')
}

const decode = (password: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(password)
  } catch (cause) {
    throw new SallyportError('password.refused', 'a password is text in UTF-8', { cause })
  }
}

const weak = (message: string): SallyportError => {
  return new SallyportError('password.refused', message)
}
