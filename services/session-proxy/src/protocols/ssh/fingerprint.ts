import { createHash } from 'node:crypto'

/** As `ssh-keygen -l` prints it. */
export const fingerprintOf = (publicKey: Buffer): string =>
  `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`
