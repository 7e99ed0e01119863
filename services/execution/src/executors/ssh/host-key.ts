import { createHash, timingSafeEqual } from 'node:crypto'
import type { ServerHostKeyAlgorithm } from 'ssh2'

/** SHA-1 signatures (`ssh-rsa`) are not among them. */
const signatures: Record<string, ServerHostKeyAlgorithm[]> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
}

/** One list for each kind of key that a server can have. */
export const keyKinds: readonly ServerHostKeyAlgorithm[][] = Object.values(signatures)

/** The key's type, the first string of its wire format (RFC 4253, section 6.6). */
export const keyTypeOf = (key: Uint8Array): string => {
  const bytes = Buffer.from(key)
  if (bytes.length < 4) return ''
  return bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString('latin1')
}

/** What to ask the server for, so that it shows a key that we know. */
export const algorithmsFor = (keys: readonly Uint8Array[]): ServerHostKeyAlgorithm[] => [
  ...new Set(keys.flatMap(key => signatures[keyTypeOf(key)] ?? [])),
]

export const isPinned = (key: Uint8Array, pinned: readonly Uint8Array[]): boolean =>
  pinned.some(one => one.length === key.length && timingSafeEqual(one, key))

/** As OpenSSH prints it. */
export const fingerprintOf = (key: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
