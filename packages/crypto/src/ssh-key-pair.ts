import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { Secret } from './secret.ts'

export type SshKeyPair = {
  /** OpenSSH's private key format, unencrypted. */
  readonly privateKey: Secret
  /** As in authorized_keys: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string
}

const type = 'ssh-ed25519'

/**
 * A new Ed25519 key pair, in the formats of OpenSSH (PROTOCOL.key; RFC 8709). ssh2's own generator makes one in about
 * 180 that it cannot read itself.
 */
export const generateSshKeyPair = (): SshKeyPair => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  const publicBlob = Buffer.concat([lengthPrefixed(type), lengthPrefixed(point)])
  const check = randomBytes(4)
  const content = Buffer.concat([
    check,
    check,
    publicBlob,
    lengthPrefixed(Buffer.concat([seed, point])),
    lengthPrefixed(''),
  ])
  const blob = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    lengthPrefixed('none'),
    lengthPrefixed('none'),
    lengthPrefixed(''),
    uint32(1),
    lengthPrefixed(publicBlob),
    lengthPrefixed(padded(content)),
  ])
  const lines = blob.toString('base64').replaceAll(/.{70}/g, '$&\n')
  return {
    privateKey: Secret.fromUtf8(
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`,
    ),
    publicKey: `${type} ${publicBlob.toString('base64')}`,
  }
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const lengthPrefixed = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint32(bytes.length), bytes])
}

/** To a multiple of eight, with 1, 2, 3 … */
const padded = (content: Buffer): Buffer => {
  const missing = (8 - (content.length % 8)) % 8
  return Buffer.concat([content, Buffer.from(Array.from({ length: missing }, (_, index) => index + 1))])
}
