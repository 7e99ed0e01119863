import { type GrantClaims, verifyGrant } from '@sallyport/identity/grant'
import type { KeyFinder } from '@sallyport/identity/verification-keys'
import { checkGrantUse, type GrantUse } from '../domain/grant-use.ts'
import type { ConfirmGrant } from '../revocation/confirm-grant.ts'

export type VerifyDeps = { grantKeys: KeyFinder; confirmGrant: ConfirmGrant; now: () => Date }

/** What a statement says, if access-control signed it and it is not too old. Throws `grant.invalid`. */
export const claimsOf = (
  { grantKeys, now }: Pick<VerifyDeps, 'grantKeys' | 'now'>,
  statement: string,
): Promise<GrantClaims> => verifyGrant(statement, { keys: grantKeys, now: now() })

/**
 * Makes sure that a grant states exactly this use, and that it still holds. That it was not used before is for the
 * transaction to find out. Throws `grant.invalid`, `grant.revoked` or `grant.unconfirmed`.
 */
export const confirmUse = async (
  { confirmGrant, now }: Pick<VerifyDeps, 'confirmGrant' | 'now'>,
  grant: GrantClaims,
  use: GrantUse,
): Promise<void> => {
  checkGrantUse(grant, use, now())
  await confirmGrant(grant)
}
