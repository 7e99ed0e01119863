import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { GrantClaims } from '@sallyport/identity/grant'

/**
 * Uses a grant up, in the transaction that does what it grants.
 * INVARIANT: of two uses, however close, one fails with `grant.used`.
 */
export const useUp = async (sql: Sql, grant: GrantClaims, now: Date): Promise<void> => {
  if ((await useUpAll(sql, [grant], now)).size === 0) throw new SallyportError('grant.used')
}

/** The same for several of one tenant; gives the nonces of those that were not used before. */
export const useUpAll = async (sql: Sql, grants: readonly GrantClaims[], now: Date): Promise<Set<string>> => {
  const used = await sql.query<{ nonce: string }>(
    `insert into used_nonces (tenant_id, nonce, grant_id, used_at, expires_at)
     select tenant_id, nonce, grant_id, $5::timestamptz, expires_at
     from unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[])
       as used (tenant_id, nonce, grant_id, expires_at)
     order by nonce
     on conflict do nothing returning nonce`,
    [
      grants.map(({ tenantId }) => tenantId),
      grants.map(({ nonce }) => nonce),
      grants.map(({ grantId }) => grantId),
      grants.map(({ expiresAt }) => expiresAt),
      now,
    ],
    'use up grants',
  )
  return new Set(used.map(({ nonce }) => nonce))
}
