import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { createPrivateFile, readPrivateFile } from '@sallyport/crypto/private-file'
import { Secret } from '@sallyport/crypto/secret'
import type { Mac } from './domain/chain.ts'
import { type Checkpoint, checkpointMessage } from './domain/checkpoint.ts'

/** Everything that is derived from the one chain key. */
export type ChainKeys = {
  /** The tenant's own MAC: one tenant's records prove nothing in another's trail. */
  readonly macOf: (tenantId: string) => Mac
  readonly signCheckpoint: (checkpoint: Omit<Checkpoint, 'keyId' | 'signature'>) => Checkpoint
  readonly isSigned: (checkpoint: Checkpoint) => boolean
  /** What anybody needs to check a checkpoint: PEM, SubjectPublicKeyInfo (RFC 8410). */
  readonly publicKey: string
}

const keyBytes = 32

// RFC 5869; the info string keeps the uses of the key apart.
const derive = (master: Secret, info: string): Buffer =>
  master.use(bytes => Buffer.from(hkdfSync('sha256', bytes, '', `sallyport audit 1 ${info}`, keyBytes)))

// RFC 8410: what stands before the seed in a PKCS#8 Ed25519 private key.
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

const signingKeyOf = (master: Secret): KeyObject => {
  const key = Buffer.concat([ed25519Prefix, derive(master, 'checkpoint')])
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

const keyIdOf = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex')
    .slice(0, 16)

/** Derives the tenants' MAC keys and the Ed25519 key of checkpoints from a 32 byte master key. */
export const deriveChainKeys = (master: Secret): ChainKeys => {
  if (master.byteLength !== keyBytes) throw new TypeError(`The chain key must be ${keyBytes} bytes`)
  const signingKey = signingKeyOf(master)
  const publicKey = createPublicKey(signingKey)
  const keyId = keyIdOf(publicKey)
  const macKeys = new Map<string, KeyObject>()
  const macKeyOf = (tenantId: string): KeyObject => {
    const key = macKeys.get(tenantId) ?? createSecretKey(derive(master, `chain ${tenantId}`))
    macKeys.set(tenantId, key)
    return key
  }
  return {
    macOf: tenantId => parts => {
      const hmac = createHmac('sha256', macKeyOf(tenantId))
      for (const part of parts) hmac.update(part)
      return hmac.digest()
    },
    signCheckpoint: checkpoint => {
      const unsigned = { ...checkpoint, keyId }
      return { ...unsigned, signature: sign(null, checkpointMessage(unsigned), signingKey) }
    },
    isSigned: checkpoint =>
      checkpoint.keyId === keyId &&
      verify(null, checkpointMessage(checkpoint), publicKey, checkpoint.signature),
    publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  }
}

/**
 * Reads the chain key: 32 bytes in base64, in a file that only its owner may touch.
 * @throws NotPrivateError, TypeError
 */
export const readChainKey = async (path: string): Promise<ChainKeys> => {
  const { content } = await readPrivateFile(path)
  using text = content
  return deriveChainKeys(Secret.of(Buffer.from(text.bytes().toString('latin1').trim(), 'base64')))
}

/** Writes a new chain key if there is no such file; false if there is. */
export const createChainKeyFile = async (path: string): Promise<boolean> => {
  using content = Secret.fromUtf8(`${randomBytes(keyBytes).toString('base64')}\n`)
  return await createPrivateFile(path, content)
}
