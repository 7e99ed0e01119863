import type { Sql } from '@sallyport/database/sql'
import { type Hash, leafHash } from '../tree/merkle.ts'
import type { ReadNodes } from '../tree/tiles.ts'

/** Reads the tree of a tenant: leaves from its records, and what is above them from the nodes. */
export const readTree =
  (sql: Sql, tenantId: string): ReadNodes =>
  async (level, from, to) => {
    const hashes =
      level === 0 ? await leaves(sql, tenantId, from, to) : await nodes(sql, tenantId, level, from, to)
    if (hashes.length !== Math.max(to - from, 0))
      throw new Error(`The tree of tenant ${tenantId} has gaps on level ${level} after ${from}`)
    return hashes
  }

// The first record is number 1; the first leaf is number 0.
const leaves = async (sql: Sql, tenantId: string, from: number, to: number): Promise<Hash[]> => {
  const rows = await sql.query<{ body: Buffer }>(
    `select body from records where tenant_id = $1::uuid and sequence > $2::bigint and sequence <= $3::bigint
     order by sequence`,
    [tenantId, from, to],
  )
  return rows.map(({ body }) => leafHash(body))
}

const nodes = async (
  sql: Sql,
  tenantId: string,
  level: number,
  from: number,
  to: number,
): Promise<Hash[]> => {
  const rows = await sql.query<{ hash: Buffer }>(
    `select hash from tree_nodes where tenant_id = $1::uuid and level = $2 and place >= $3::bigint and place < $4::bigint
     order by place`,
    [tenantId, level, from, to],
  )
  return rows.map(({ hash }) => hash)
}

/** How many nodes a level has. */
export const countNodes = async (sql: Sql, tenantId: string, level: number): Promise<number> => {
  const [row] = await sql.query<{ count: string }>(
    'select coalesce(max(place) + 1, 0)::text as count from tree_nodes where tenant_id = $1::uuid and level = $2',
    [tenantId, level],
  )
  return Number(row?.count ?? 0)
}

/** Adds nodes to the end of a level. They are the same whoever computes them: another replica may have been faster. */
export const addNodes = async (
  sql: Sql,
  tenantId: string,
  level: number,
  from: number,
  hashes: readonly Hash[],
): Promise<void> => {
  await sql.query(
    `insert into tree_nodes (tenant_id, level, place, hash)
     select $1::uuid, $2, $3::bigint + place - 1, hash from unnest($4::bytea[]) with ordinality as node (hash, place)
     on conflict do nothing`,
    [tenantId, level, from, hashes],
  )
}
