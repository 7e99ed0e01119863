import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { processRandom, type RandomSource } from './fresh-random.ts'
import { encodeContext, type SealContext } from './seal-context.ts'
import { encodeHeader, NONCE_BYTES, parseBlob, refused, TAG_BYTES } from './sealed-blob.ts'
import { Secret } from './secret.ts'

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32

/** A 256-bit key with the id that its blobs carry. */
export type SealingKey = { id: string; key: KeyObject }

/** A new random key. Throws `random.repeated` if the generator is broken. */
export const newSealingKey = (id: string, random: RandomSource = processRandom): SealingKey => {
  using material = Secret.of(random(KEY_BYTES))
  return sealingKeyOf(id, material)
}

/** A key from its 32 bytes, which are copied. Throws `sealed_value.refused` for another length. */
export const sealingKeyOf = (id: string, material: Secret): SealingKey => {
  if (material.byteLength !== KEY_BYTES) throw refused()
  return { id, key: createSecretKey(material.bytes()) }
}

/**
 * Seals `plain` for one place with AES-256-GCM (NIST SP 800-38D): random 96-bit nonce, 128-bit tag.
 *
 * The context, the layout, the algorithm and the key id are authenticated. With random nonces one key may seal at
 * most 2^32 values: data keys seal one value each, and tenant and root keys seal only keys.
 * Throws `random.repeated` if the generator is broken.
 */
export const seal = (
  sealingKey: SealingKey,
  plain: Secret,
  context: SealContext,
  random: RandomSource = processRandom,
): Buffer => {
  const header = encodeHeader(sealingKey.id)
  const nonce = random(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, sealingKey.key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(associatedData(header, context))
  const ciphertext = cipher.update(plain.bytes())
  cipher.final()
  return Buffer.concat([header, nonce, ciphertext, cipher.getAuthTag()])
}

/**
 * Opens what `seal` made.
 *
 * Throws `sealed_value.refused`, always the same, if the blob is malformed, was changed, was sealed by another key,
 * or belongs to another place.
 */
export const open = (sealingKey: SealingKey, blob: Uint8Array, context: SealContext): Secret => {
  const { header, keyId, nonce, ciphertext, tag } = parseBlob(blob)
  if (keyId !== sealingKey.id) throw refused()
  const decipher = createDecipheriv(CIPHER, sealingKey.key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(associatedData(header, context))
  decipher.setAuthTag(tag)
  const plain = Secret.of(decipher.update(ciphertext))
  try {
    decipher.final()
    return plain
  } catch (error) {
    plain.dispose()
    throw refused(error)
  }
}

/** Seals the material of one key under another. */
export const wrapKey = (wrapping: SealingKey, wrapped: SealingKey, context: SealContext): Buffer => {
  using material = Secret.of(wrapped.key.export())
  return seal(wrapping, material, context)
}

/** Opens what `wrapKey` made; the key gets the id `id`. Throws `sealed_value.refused`. */
export const unwrapKey = (
  wrapping: SealingKey,
  blob: Uint8Array,
  context: SealContext,
  id: string,
): SealingKey => {
  using material = open(wrapping, blob, context)
  return sealingKeyOf(id, material)
}

const PURPOSE = Buffer.from('sallyport/envelope/1\0')

const associatedData = (header: Buffer, context: SealContext): Buffer =>
  Buffer.concat([PURPOSE, header, encodeContext(context)])
