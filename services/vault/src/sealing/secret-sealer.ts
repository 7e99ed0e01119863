import { newSealingKey, open, type SealingKey, seal, unwrapKey, wrapKey } from '@sallyport/crypto/envelope'
import type { SealContext } from '@sallyport/crypto/seal-context'
import { refused } from '@sallyport/crypto/sealed-blob'
import type { Secret } from '@sallyport/crypto/secret'
import type { TenantKeyRing } from './tenant-keys.ts'

/** The place of one secret version. A sealed secret opens nowhere else. */
export type VersionPlace = { tenantId: string; credentialId: string; versionId: string; number: number }

/** A secret under a data key of its own, and that key under the tenant's. */
export type SealedSecret = { keyId: string; wrappedKey: Uint8Array; ciphertext: Uint8Array }

export const sealSecret = (ring: TenantKeyRing, place: VersionPlace, secret: Secret): SealedSecret => {
  const dataKey = newSealingKey(place.versionId)
  return {
    keyId: ring.primary.id,
    wrappedKey: wrap(ring, place, dataKey),
    ciphertext: seal(dataKey, secret, contextOf(place, 'ciphertext')),
  }
}

/** Throws `sealed_value.refused` if anything about it was changed or moved. */
export const openSecret = (ring: TenantKeyRing, place: VersionPlace, sealed: SealedSecret): Secret =>
  open(openDataKey(ring, place, sealed), sealed.ciphertext, contextOf(place, 'ciphertext'))

/** The same data key under the primary key; the secret itself stays closed. Throws `sealed_value.refused`. */
export const rewrapSecret = (
  ring: TenantKeyRing,
  place: VersionPlace,
  sealed: Omit<SealedSecret, 'ciphertext'>,
): Omit<SealedSecret, 'ciphertext'> => ({
  keyId: ring.primary.id,
  wrappedKey: wrap(ring, place, openDataKey(ring, place, sealed)),
})

const wrap = (ring: TenantKeyRing, place: VersionPlace, dataKey: SealingKey): Uint8Array => {
  ring.countUse()
  return wrapKey(ring.primary, dataKey, contextOf(place, 'wrapped_key'))
}

const openDataKey = (
  ring: TenantKeyRing,
  place: VersionPlace,
  { keyId, wrappedKey }: Omit<SealedSecret, 'ciphertext'>,
): SealingKey => {
  const tenantKey = ring.byId.get(keyId)
  if (tenantKey === undefined) throw refused()
  return unwrapKey(tenantKey, wrappedKey, contextOf(place, 'wrapped_key'), place.versionId)
}

// The row names the credential too, or a version could be moved to another credential with its id.
const contextOf = (place: VersionPlace, column: 'wrapped_key' | 'ciphertext'): SealContext => ({
  tenant: place.tenantId,
  table: 'secret_versions',
  row: `${place.credentialId}/${place.versionId}`,
  column,
  version: place.number,
})
