import type { Algorithms, ServerHostKeyAlgorithm } from 'ssh2'

/**
 * The same on both legs: no SHA-1, no CBC, no finite-field groups below 4096 bits, no compression before or after
 * login (a small packet must not become a large one). No chacha20 either: ssh2's native one fails on OpenSSL 3, and
 * without it nothing is open to a prefix truncation (CVE-2023-48795) with peers that do not know strict key exchange.
 */
export const ALGORITHMS: Required<Pick<Algorithms, 'kex' | 'cipher' | 'hmac' | 'compress'>> & {
  readonly serverHostKey: ServerHostKeyAlgorithm[]
} = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
  ],
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes192-ctr', 'aes256-ctr'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'],
  compress: ['none'],
}

/** Signature algorithms of people's own keys. A certificate or security key is another type, and refused. */
export const USER_KEY_ALGORITHMS: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
])

/**
 * The host key algorithms with which a target can prove one of its pinned keys. Offering others would let it choose a
 * key that is not pinned.
 */
export const hostKeyAlgorithmsOf = (pinned: readonly Buffer[]): ServerHostKeyAlgorithm[] => {
  const types = new Set(pinned.map(typeOfKey))
  return ALGORITHMS.serverHostKey.filter(name => types.has(name.startsWith('rsa-') ? 'ssh-rsa' : name))
}

/** The type that a public key in SSH wire format (RFC 4253, section 6.6) says it has. */
export const typeOfKey = (key: Buffer): string => {
  const length = key.byteLength >= 4 ? key.readUInt32BE() : 0
  return length <= key.byteLength - 4 ? key.toString('latin1', 4, 4 + length) : ''
}
