import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { GrantClaims } from '@sallyport/identity/grant'

/**
 * Uses a grant up, in the transaction that does what it grants.
 * INVARIANT: of two uses, however close, one fails with `grant.used`.
 */
export const useUp = async (sql: Sql, grant: GrantClaims, now: Date): Promise<void> => {
  const used = await sql.query(
    `insert into used_nonces (tenant_id, nonce, grant_id, used_at, expires_at) values ($1, $2, $3, $4, $5)
     on conflict do nothing returning nonce`,
    [grant.tenantId, grant.nonce, grant.grantId, now, grant.expiresAt],
  )
  if (used.length === 0) throw new SallyportError('grant.used')
}
