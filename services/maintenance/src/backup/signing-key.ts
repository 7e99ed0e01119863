import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { createPrivateFile, readPrivateFile } from '@sallyport/crypto/private-file'
import { Secret } from '@sallyport/crypto/secret'
import { BackupError } from './backup-error.ts'

/** Who signs an installation’s manifests. Whoever holds its public half knows whose backup it is. */
export type Signer = { readonly publicKey: string; readonly sign: (message: Uint8Array) => Buffer }

const label = 'sallyport-backup-signer-'

/** Writes a new Ed25519 key (RFC 8032) in PEM if there is no such file; false if there is. */
export const createSigningKeyFile = async (path: string): Promise<boolean> => {
  const { privateKey } = generateKeyPairSync('ed25519')
  using content = Secret.fromUtf8(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
  return await createPrivateFile(path, content)
}

export const readSigner = async (path: string): Promise<Signer> => {
  const { content } = await readPrivateFile(path)
  using pem = content
  const key = privateKeyOf(pem)
  return { publicKey: textOf(createPublicKey(key)), sign: message => sign(null, message, key) }
}

/** Checks signatures by a public key as `readSigner` gives it. Throws BackupError for anything else. */
export const verifierOf = (publicKey: string): ((message: Uint8Array, signature: Uint8Array) => boolean) => {
  const encoded = publicKey.startsWith(label) ? publicKey.slice(label.length) : ''
  if (!/^[\w-]{43}$/.test(encoded)) throw new BackupError('This is not the public key of a backup’s signer')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: encoded }, format: 'jwk' })
  return (message, signature) => verify(null, message, key, signature)
}

/** Short, for people: the first half of the SHA-256 of the public key. */
export const signerIdOf = (publicKey: string): string =>
  createHash('sha256').update(publicKey).digest('hex').slice(0, 16)

const privateKeyOf = (pem: Secret): KeyObject => {
  try {
    const key = createPrivateKey({ key: pem.bytes(), format: 'pem' })
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // The error may quote the file.
  }
  throw new BackupError('The file with the signing key does not hold an Ed25519 key in PEM')
}

const textOf = (key: KeyObject): string => `${label}${key.export({ format: 'jwk' }).x ?? ''}`
