import { invalid } from './invalid.ts'

const MAX_KEY_BYTES = 4096
const MAX_KEYS_PER_PORT = 10
const MIN_RSA_BYTES = 256

/** Bytes of an uncompressed point on each curve. */
const POINT_BYTES: ReadonlyMap<string, number> = new Map([
  ['ecdsa-sha2-nistp256', 65],
  ['ecdsa-sha2-nistp384', 97],
  ['ecdsa-sha2-nistp521', 133],
])

export type PublicHostKey = { algorithm: string; publicKey: Uint8Array }

/** SSH public keys in wire format (RFC 4253, section 6.6), each once. Throws `request.invalid`. */
export const parseHostKeys = (keys: readonly Uint8Array[]): PublicHostKey[] => {
  if (keys.length > MAX_KEYS_PER_PORT) throw invalid('public_keys', `must be at most ${MAX_KEYS_PER_PORT}`)
  const byContent = new Map(keys.map(key => [Buffer.from(key).toString('base64'), parseHostKey(key)]))
  return [...byContent.values()]
}

const parseHostKey = (publicKey: Uint8Array): PublicHostKey => {
  if (publicKey.byteLength > MAX_KEY_BYTES) throw invalid('public_keys', 'has a key that is too long')
  const parts = splitStrings(publicKey)
  const algorithm = parts[0]?.toString('latin1') ?? ''
  if (!isWellFormed(algorithm, parts))
    throw invalid('public_keys', 'must be Ed25519, ECDSA or RSA (2048 bits or more) keys in SSH wire format')
  return { algorithm, publicKey }
}

const isWellFormed = (algorithm: string, parts: readonly Buffer[]): boolean => {
  if (algorithm === 'ssh-rsa') return parts.length === 3 && (parts[2]?.byteLength ?? 0) >= MIN_RSA_BYTES
  if (algorithm === 'ssh-ed25519') return parts.length === 2 && parts[1]?.byteLength === 32
  const curve = parts[1]?.toString('latin1')
  const point = parts[2]?.byteLength
  return algorithm === `ecdsa-sha2-${curve}` && parts.length === 3 && point === POINT_BYTES.get(algorithm)
}

/** The length-prefixed strings that make up the whole of `bytes`; none if it does not consist of such. */
const splitStrings = (bytes: Uint8Array): Buffer[] => {
  const rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Buffer[] = []
  let at = 0
  while (at + 4 <= rest.byteLength) {
    const end = at + 4 + rest.readUInt32BE(at)
    if (end > rest.byteLength) return []
    parts.push(rest.subarray(at + 4, end))
    at = end
  }
  return at === rest.byteLength ? parts : []
}
