import {
  createHash,
  createPublicKey,
  decapsulate,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  verify,
} from 'node:crypto'
import { mpint, string } from './ssh-fields.ts'

/** A client's half of a key exchange, written from the standards and not from the library under test. */
export type Exchange = {
  readonly ours: Buffer
  /** K as it goes into the hash and the keys. */
  secret(theirs: Buffer): Buffer
}

const raw = (key: KeyObject): Buffer => key.export({ format: 'raw-public' })
const x25519 = (bytes: Buffer): KeyObject =>
  createPublicKey({ key: bytes, format: 'raw-public', asymmetricKeyType: 'x25519' })

/** RFC 8731. */
const curve25519 = (): Exchange => {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  return {
    ours: raw(publicKey),
    secret: theirs => mpint(diffieHellman({ privateKey, publicKey: x25519(theirs) })),
  }
}

/** draft-ietf-sshm-mlkem-hybrid-kex. */
const mlkem768x25519 = (): Exchange => {
  const kem = generateKeyPairSync('ml-kem-768')
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  return {
    ours: Buffer.concat([raw(kem.publicKey), raw(publicKey)]),
    secret: theirs => {
      const postQuantum = decapsulate(kem.privateKey, theirs.subarray(0, 1088))
      const classic = diffieHellman({ privateKey, publicKey: x25519(theirs.subarray(1088)) })
      return string(createHash('sha256').update(postQuantum).update(classic).digest())
    },
  }
}

export type KexName = 'curve25519-sha256' | 'mlkem768x25519-sha256'
export const EXCHANGES: Readonly<Record<KexName, () => Exchange>> = {
  'curve25519-sha256': curve25519,
  'mlkem768x25519-sha256': mlkem768x25519,
}

export const sha256 = (...parts: Buffer[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Whether an ed25519 host key signed the hash. Both in SSH's own format. */
export const isSignedBy = (hostKey: Buffer, hash: Buffer, signature: Buffer): boolean => {
  const key = createPublicKey({
    key: hostKey.subarray(-32),
    format: 'raw-public',
    asymmetricKeyType: 'ed25519',
  })
  return verify(null, hash, key, signature.subarray(-64))
}
