import type { Pool } from '@sallyport/database/pool'
import type { Sql } from '@sallyport/database/sql'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { Head } from '../domain/chain.ts'
import type { ChainRow } from '../domain/verify-chain.ts'
import { readCheckpoints } from './checkpoints.ts'
import { inIndexOrder } from './in-index-order.ts'
import type { TrailSource } from './trail-source.ts'

type Row = Readonly<Record<string, unknown>> & {
  readonly sequence: string
  readonly event_id: string
  readonly body: Buffer
  readonly mac: Buffer
}

const pageSize = 2000

// By event id as well: whoever can drop the primary key can give two records one place.
const pageOfRows = `
  select * from records
  where tenant_id = $1::uuid and (sequence, event_id) > ($2::bigint, $3::uuid)
  order by sequence, event_id limit ${pageSize}`

const beforeAll = ['-9223372036854775808', '00000000-0000-0000-0000-000000000000'] as const

const chainRow = ({ sequence, body, mac, ...columns }: Row): ChainRow => ({
  sequence: Number(sequence),
  columns,
  body,
  mac,
})

async function* readRows(pool: Pool, tenantId: string, signal?: AbortSignal): AsyncGenerator<ChainRow> {
  const pageAfter = (place: readonly [string, string]): Promise<Row[]> => {
    // A short transaction for each page: a long one would hold back vacuum for the whole walk.
    const page = pgTenantTransaction(pool, tenantId, async sql => {
      await inIndexOrder(sql)
      return sql.query<Row>(pageOfRows, [tenantId, ...place])
    })
    // Whoever walks may end before it comes, and hears of its failure only if it goes on.
    page.catch(() => {})
    return page
  }
  let next: Promise<Row[]> | undefined = pageAfter(beforeAll)
  while (next) {
    const rows: Row[] = await next
    signal?.throwIfAborted()
    const last = rows.at(-1)
    // Comes while this one is walked.
    next = last && rows.length === pageSize ? pageAfter([last.sequence, last.event_id]) : undefined
    for (const row of rows) yield chainRow(row)
  }
}

const readHead = async (sql: Sql, tenantId: string): Promise<Head | undefined> => {
  const [row] = await sql.query<{ sequence: string; mac: Buffer }>(
    'select sequence, mac from heads where tenant_id = $1::uuid',
    [tenantId],
  )
  return row && { sequence: Number(row.sequence), mac: row.mac }
}

/**
 * The trail in the database. The app role reads one tenant's; `tenants` needs the worker role or a superuser.
 * @param signal ends a walk that nobody waits for any more
 */
export const databaseTrail = (pool: Pool, signal?: AbortSignal): TrailSource => ({
  tenants: async () => {
    const { rows } = await pool.query<{ tenant_id: string }>(
      'select tenant_id from heads union select tenant_id from checkpoints order by 1',
    )
    return rows.map(row => row.tenant_id)
  },
  head: tenantId => pgTenantTransaction(pool, tenantId, sql => readHead(sql, tenantId)),
  checkpoints: tenantId =>
    pgTenantTransaction(pool, tenantId, sql => readCheckpoints(sql, tenantId, { limit: 10_000_000 })),
  rows: tenantId => readRows(pool, tenantId, signal),
})
