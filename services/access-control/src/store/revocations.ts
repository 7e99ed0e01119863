import type { Revocation } from '@sallyport/contracts/access_control/v1/access'
import type { Pool } from '@sallyport/database/pool'
import { sqlOfPg } from '@sallyport/database/sql'

/** At most this many are read at once. */
export const revocationBatch = 1_000

type Row = { position: string; tenant_id: string; grant_id: string; reason: string; revoked_at: Date }

export const lastPosition = async (pool: Pool): Promise<bigint> => {
  const [row] = await sqlOfPg(pool).query<{ last: string }>(
    'select coalesce(max(position), 1) as last from revocations',
    [],
  )
  return BigInt(row?.last ?? 1)
}

/** Everything after a position, in order, across tenants: enforcers serve all of them. */
export const revocationsAfter = async (
  pool: Pool,
  position: bigint,
): Promise<(Revocation & { position: bigint })[]> => {
  const rows = await sqlOfPg(pool).query<Row>(
    `select position, tenant_id, grant_id, reason, revoked_at from revocations
     where position > $1 order by position limit ${revocationBatch}`,
    [position],
  )
  return rows.map(row => ({
    position: BigInt(row.position),
    tenantId: row.tenant_id,
    grantId: row.grant_id,
    reason: row.reason,
    revokedAt: row.revoked_at,
  }))
}
