import { createHmac, hkdfSync } from 'node:crypto'
import type { SealingKey } from '@sallyport/crypto/envelope'
import type { Secret } from '@sallyport/crypto/secret'

/**
 * Recognises a secret without telling anything about it to whoever lacks the tenant's key: HMAC-SHA-256 under a key
 * derived from it (RFC 5869). With another tenant key the digest is another one.
 */
export const keyedDigest = (tenantKey: SealingKey, purpose: string, secret: Secret): Buffer => {
  const key = Buffer.from(hkdfSync('sha256', tenantKey.key, '', `sallyport/vault/digest/${purpose}`, 32))
  return createHmac('sha256', key).update(secret.bytes()).digest()
}
