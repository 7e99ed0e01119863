import { SallyportError } from '@sallyport/errors/error'

/** The only layout and the only algorithm so far; an unknown one is refused. */
const LAYOUT_1 = 1
const AES_256_GCM = 1

export const NONCE_BYTES = 12
export const TAG_BYTES = 16
const MAX_KEY_ID_BYTES = 64

/**
 * A sealed value in its parts. On the wire:
 * layout (1 byte) · algorithm (1) · key id length (1) · key id (ASCII) · nonce (12) · ciphertext · tag (16).
 */
export type SealedBlob = {
  /** Everything before the nonce; part of the associated data. */
  header: Buffer
  keyId: string
  nonce: Buffer
  ciphertext: Buffer
  tag: Buffer
}

/** The bytes before the nonce. Throws a `TypeError` if the key id is not 1 to 64 characters of printable ASCII. */
export const encodeHeader = (keyId: string): Buffer => {
  if (!isKeyId(keyId)) throw new TypeError('a key id is 1 to 64 characters of printable ASCII')
  return Buffer.concat([Buffer.from([LAYOUT_1, AES_256_GCM, keyId.length]), Buffer.from(keyId, 'ascii')])
}

/** Takes a blob apart without trusting it. Throws `sealed_value.refused` if it is malformed. */
export const parseBlob = (blob: Uint8Array): SealedBlob => {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
  const headerBytes = 3 + (bytes[2] ?? 0)
  if (bytes[0] !== LAYOUT_1 || bytes[1] !== AES_256_GCM) throw refused()
  if (bytes.byteLength < headerBytes + NONCE_BYTES + TAG_BYTES) throw refused()
  const keyId = bytes.toString('latin1', 3, headerBytes)
  if (!isKeyId(keyId)) throw refused()
  const body = headerBytes + NONCE_BYTES
  return {
    header: bytes.subarray(0, headerBytes),
    keyId,
    nonce: bytes.subarray(headerBytes, body),
    ciphertext: bytes.subarray(body, -TAG_BYTES),
    tag: bytes.subarray(-TAG_BYTES),
  }
}

/** The id of the key that sealed `blob`. Throws `sealed_value.refused` if the blob is malformed. */
export const keyIdOf = (blob: Uint8Array): string => parseBlob(blob).keyId

/** One error for everything that can be wrong, so that an attacker learns nothing from the difference. */
export const refused = (cause?: unknown): SallyportError =>
  new SallyportError('sealed_value.refused', undefined, { cause })

const isKeyId = (keyId: string): boolean => keyId.length <= MAX_KEY_ID_BYTES && /^[\x21-\x7e]+$/.test(keyId)
