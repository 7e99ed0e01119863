import { invalid } from './invalid.ts'

export type SecretKind = 'password' | 'ssh-key'

/** In characters (code points). Every executor and protocol is proved with this much. */
export const MAX_PASSWORD_CHARACTERS = 1024
const MAX_SSH_KEY_BYTES = 16_384

/** Throws `request.invalid` if a person's secret cannot be one of this kind. Never quotes it. */
export const checkSecretMaterial = (kind: SecretKind, bytes: Uint8Array): void =>
  kind === 'password' ? checkPassword(bytes) : checkSshKey(bytes)

/** Any Unicode but NUL, which neither terminals nor protocols can carry. Kept exactly as given. */
const checkPassword = (bytes: Uint8Array): void => {
  if (bytes.byteLength > MAX_PASSWORD_CHARACTERS * 4) throw tooLong()
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!isUtf8(buffer)) throw invalid('secret', 'must be UTF-8')
  if (buffer.includes(0)) throw invalid('secret', 'must not contain NUL')
  // In UTF-8 every byte but a continuation byte (10xxxxxx) begins a character.
  const characters = buffer.reduce((count, byte) => ((byte & 0xc0) === 0x80 ? count : count + 1), 0)
  if (characters > MAX_PASSWORD_CHARACTERS) throw tooLong()
}

const tooLong = (): Error => invalid('secret', `must have at most ${MAX_PASSWORD_CHARACTERS} characters`)

const isUtf8 = (bytes: Buffer): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

const PEM =
  /^-----BEGIN (OPENSSH|RSA|EC|) ?PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1 ?PRIVATE KEY-----\s*$/

const checkSshKey = (bytes: Uint8Array): void => {
  if (bytes.byteLength > MAX_SSH_KEY_BYTES) throw invalid('secret', 'is too long for a private key')
  const [, format, body = ''] = PEM.exec(Buffer.from(bytes).toString('latin1')) ?? []
  if (format === undefined)
    throw invalid('secret', 'must be an unencrypted private key in OpenSSH or PEM format')
  if (format === 'OPENSSH' && !isPlainOpenSsh(Buffer.from(body, 'base64')))
    throw invalid('secret', 'must be a private key without a passphrase')
}

/** openssh-key-v1: magic, then the cipher's name as a length-prefixed string (PROTOCOL.key). */
const isPlainOpenSsh = (decoded: Buffer): boolean =>
  decoded.toString('latin1', 0, 23) === 'openssh-key-v1\0\0\0\0\x04none'
