import { randomInt } from 'node:crypto'
import { Secret } from '@sallyport/crypto/secret'

/** Without characters that look alike on paper. */
const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const groups = 5
const groupLength = 4

/** A password to hand over once: 115 bits, in groups that people can type. */
export const initialPassword = (): Secret => {
  const group = (): string =>
    Array.from({ length: groupLength }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
  return Secret.fromUtf8(Array.from({ length: groups }, group).join('-'))
}
