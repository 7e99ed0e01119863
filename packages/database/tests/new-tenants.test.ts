import { randomUUID } from 'node:crypto'
import type { TestDatabase } from '@sallyport/testing/postgres'
import { rowsReadBy } from '@sallyport/testing/rows-read'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../src/pool.ts'
import { pgTenantTransaction } from '../src/transaction.ts'
import { appPoolOf, everySchema, fill, type Schema, schemas, tenantTablesOf } from './every-schema.ts'

const stack = new AsyncDisposableStack()
const tenantId = randomUUID()
let db: TestDatabase
const pools = new Map<Schema, Pool>()

beforeAll(async () => {
  db = stack.use(await everySchema())
  const others = Array.from({ length: 5 }, () => randomUUID())
  await fill(db, others, 300)
  // PostgreSQL counts while there are others only.
  await db.adminPool.query('analyze')
  await fill(db, [tenantId], 2_000)
  for (const schema of schemas) pools.set(schema, stack.use(appPoolOf(db, schema, 1)))
})
afterAll(() => stack.disposeAsync())

/** How many rows of a table PostgreSQL reads to find one by its id. */
const readForOne = async (schema: Schema, table: string): Promise<number> => {
  const pool = pools.get(schema)
  if (!pool) throw new Error(`no pool for ${schema}`)
  const { rows } = await db.adminPool.query<{ id: string }>(
    `select id from ${schema}.${table} where tenant_id = $1 limit 1`,
    [tenantId],
  )
  return pgTenantTransaction(pool, tenantId, sql =>
    rowsReadBy(sql, `${schema}.${table}`, async () => {
      const found = await sql.query(
        `select tenant_id from ${schema}.${table} where tenant_id = $1 and id = $2`,
        [tenantId, rows[0]?.id],
      )
      expect(found, `${schema}.${table}`).toHaveLength(1)
    }),
  )
}

describe('A tenant that is new among a few, and large', () => {
  it('has one row read for one id, in every table of every service', async () => {
    const { rows: withId } = await db.adminPool.query<{ sql: string }>(
      `select format('%I.%I', table_schema, table_name) as sql from information_schema.columns
        where column_name = 'id' and data_type = 'uuid'`,
    )
    const hasId = new Set(withId.map(({ sql }) => sql))
    const tables = (await tenantTablesOf(db)).filter(({ sql, mayRead }) => mayRead && hasId.has(sql))
    expect(tables.length).toBeGreaterThan(15)
    const reads = []
    for (const { schema, name } of tables) reads.push([`${schema}.${name}`, await readForOne(schema, name)])
    expect(reads.filter(([, read]) => Number(read) > 3)).toEqual([])
  })
})
