import type { Sql } from '@sallyport/database/sql'
import type { Observed } from '@sallyport/telemetry/metrics'
import type { Pool } from 'pg'

/** Notes that a change of the credential’s password was proved just now. A credential may have no policy any more. */
export const notePolicyProved = async (sql: Sql, tenantId: string, credentialId: string): Promise<void> => {
  await sql.query(
    'update rotation_policies set proved_at = now() where tenant_id = $1::uuid and credential_id = $2::uuid',
    [tenantId, credentialId],
  )
}

/**
 * How many credentials with a rotation policy, of all tenants, by when a change was last proved. For the worker role.
 * Reads every policy: some 0.1 s for a million.
 */
export const provedPolicies = async (worker: Pool): Promise<Observed<'sallyport_rotation_policies'>> => {
  const { rows } = await worker.query<Record<'day' | 'week' | 'older' | 'never', string>>(
    `select count(*) filter (where proved_at > now() - interval '1 day') as day,
            count(*) filter (where proved_at between now() - interval '7 days' and now() - interval '1 day') as week,
            count(*) filter (where proved_at < now() - interval '7 days') as older,
            count(*) filter (where proved_at is null) as never
     from rotation_policies`,
  )
  return Object.entries(rows[0] ?? {}).map(([proved, count]) => ({
    value: Number(count),
    labels: { proved },
  }))
}
