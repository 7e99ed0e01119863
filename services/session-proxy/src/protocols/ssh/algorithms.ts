import type { Algorithms, CipherAlgorithm, KexAlgorithm, ServerHostKeyAlgorithm } from 'ssh2'

type Offer = Required<Pick<Algorithms, 'hmac' | 'compress'>> & {
  readonly kex: KexAlgorithm[]
  readonly cipher: CipherAlgorithm[]
  readonly serverHostKey: ServerHostKeyAlgorithm[]
}

/** Safe against a recording that waits for a quantum computer. ssh2's types do not know that ours has it. */
const POST_QUANTUM = 'mlkem768x25519-sha256' as KexAlgorithm

/**
 * What clients may choose from: no SHA-1, no CBC, no NIST curves, no compression before or after login (a small packet
 * must not become a large one), no group of 8192 bits (one packet must not buy a tenth of a second of our time). No
 * chacha20 either: ssh2's native one fails on OpenSSL 3, and without it nothing is open to a prefix truncation
 * (CVE-2023-48795) with peers that do not know strict key exchange.
 */
export const DOOR_ALGORITHMS: Offer = {
  kex: [POST_QUANTUM, 'curve25519-sha256', 'curve25519-sha256@libssh.org', 'diffie-hellman-group16-sha512'],
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

/** Of a target we take what it has, as long as it is sound. */
export const TARGET_ALGORITHMS: Offer = {
  ...DOOR_ALGORITHMS,
  kex: [
    ...DOOR_ALGORITHMS.kex,
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group18-sha512',
  ],
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
  return TARGET_ALGORITHMS.serverHostKey.filter(name => types.has(name.startsWith('rsa-') ? 'ssh-rsa' : name))
}

/** The type that a public key in SSH wire format (RFC 4253, section 6.6) says it has. */
export const typeOfKey = (key: Buffer): string => {
  const length = key.byteLength >= 4 ? key.readUInt32BE() : 0
  return length <= key.byteLength - 4 ? key.toString('latin1', 4, 4 + length) : ''
}
