import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import type { SealContext } from '@sallyport/crypto/seal-context'
import type { Secret } from '@sallyport/crypto/secret'

/** Seals TOTP secrets, each for its user. */
export type TotpVault = {
  seal(user: { tenantId: string; userId: string }, secret: Secret): Promise<Uint8Array<ArrayBuffer>>
  open(user: { tenantId: string; userId: string }, sealed: Uint8Array): Promise<Secret>
}

export const createTotpVault = (keys: RootKeyProvider): TotpVault => ({
  seal: async (user, secret) => Uint8Array.from(await keys.wrap(secret, contextOf(user))),
  open: (user, sealed) => keys.unwrap(sealed, contextOf(user)),
})

const contextOf = ({ tenantId, userId }: { tenantId: string; userId: string }): SealContext => ({
  tenant: tenantId,
  table: 'users',
  row: userId,
  column: 'totp_secret',
  version: 1,
})
