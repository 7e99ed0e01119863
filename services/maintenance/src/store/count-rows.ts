import type { AuditHead } from '../backup/manifest.ts'
import { openSession } from './session.ts'
import { listTables, sqlName } from './tables.ts'

/** What is in a database now: rows by table, as `<schema>.<table>`, and where each audit trail ends. */
export type Contents = {
  readonly rows: ReadonlyMap<string, number>
  readonly heads: readonly Omit<AuditHead, 'checkpoint'>[]
  /** Those that secrets are sealed under. */
  readonly rootKeyIds: readonly string[]
}

/** Counts every row of the platform. */
export const countRows = async (url: string): Promise<Contents> => {
  await using session = await openSession(url, 'sallyport prove backup')
  const { client } = session
  const rows = new Map<string, number>()
  for (const table of await listTables(client)) {
    const counted = await client.query<{ count: string }>(`select count(*) from ${sqlName(client, table)}`)
    rows.set(`${table.schema}.${table.name}`, Number(counted.rows[0]?.count))
  }
  const found = await client.query<{ tenantId: string; sequence: string; mac: string }>(
    `select tenant_id as "tenantId", sequence, encode(mac, 'hex') as mac from audit.heads order by tenant_id`,
  )
  const rootKeys = await client.query<{ id: string }>(
    'select distinct root_key_id as id from vault.tenant_keys',
  )
  const rootKeyIds = rootKeys.rows.map(({ id }) => id)
  return { rows, rootKeyIds, heads: found.rows.map(head => ({ ...head, sequence: Number(head.sequence) })) }
}
