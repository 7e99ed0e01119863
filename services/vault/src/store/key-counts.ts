import type { Sql } from '@sallyport/database/sql'

/** All of a tenant's secret versions. */
export const countVersions = async (sql: Sql, tenantId: string): Promise<bigint> => {
  const [row] = await sql.query<{ count: string }>(
    'select count(*)::text as count from secret_versions where tenant_id = $1::uuid',
    [tenantId],
  )
  return BigInt(row?.count ?? 0)
}

/** All tenants' keys, or those that are not yet wrapped by a root key. For the worker role. */
export const countTenantKeys = async (sql: Sql, notUnderKeyId?: string): Promise<bigint> => {
  const [row] = await sql.query<{ count: string }>(
    'select count(id)::text as count from tenant_keys where $1::text is null or root_key_id <> $1::text',
    [notUnderKeyId ?? null],
  )
  return BigInt(row?.count ?? 0)
}
