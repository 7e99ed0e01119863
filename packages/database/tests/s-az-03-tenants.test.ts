import { randomUUID } from 'node:crypto'
import type { TestDatabase } from '@sallyport/testing/postgres'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../src/pool.ts'
import { sqlOfPg } from '../src/sql.ts'
import { pgTenantTransaction } from '../src/transaction.ts'
import {
  appPoolOf,
  everySchema,
  fill,
  type Schema,
  schemas,
  type TenantTable,
  tenantTablesOf,
} from './every-schema.ts'

const connections = 8
const rowsEach = 2
const tenants = Array.from({ length: 100 }, () => randomUUID())

/** What waits for the relay, or for a person: the app role may only add to these, and read nothing. */
const addOnly = new Set(['outbox', 'dead_letters'])

const stack = new AsyncDisposableStack()
let db: TestDatabase
let tables: TenantTable[]
const pools = new Map<Schema, Pool>()

beforeAll(async () => {
  db = stack.use(await everySchema())
  tables = await tenantTablesOf(db)
  await fill(db, tenants, rowsEach)
  for (const schema of schemas) pools.set(schema, stack.use(appPoolOf(db, schema, connections)))
})
afterAll(() => stack.disposeAsync())

const poolOf = ({ schema }: Pick<TenantTable, 'schema'>): Pool => {
  const pool = pools.get(schema)
  if (!pool) throw new Error(`no pool for ${schema}`)
  return pool
}

describe('S-AZ-03: the catalogue of every schema', () => {
  it('forces row-level security on every table with a tenant that an app role may read', () => {
    expect(tables.length).toBeGreaterThan(30)
    for (const { sql, name, schema, owner, isForced, mayRead, mayUpdate, mayDelete } of tables) {
      expect(owner, sql).toBe(`sallyport_${schema}_owner`)
      if (addOnly.has(name)) expect([mayRead, mayUpdate, mayDelete], sql).toEqual([false, false, false])
      // A schema that tenants' services do not read, such as the event log, has nothing to force.
      else if (mayRead && schema !== 'event_log') expect(isForced, sql).toBe(true)
    }
  })

  it('lets no policy of an app role see more than the tenant that was set', async () => {
    const { rows } = await db.adminPool.query<{ what: string; using: string; check: string | null }>(
      `select format('%s.%s %s', schemaname, tablename, policyname) as what, qual as using, with_check as check
         from pg_policies where schemaname = any($1)
          and (roles && array['public']::name[] or ('sallyport_' || schemaname)::name = any(roles))`,
      [[...schemas]],
    )
    expect(rows.length).toBeGreaterThan(30)
    const onlyTheTenant =
      /^\(?\(?tenant_id = \(?NULLIF\(current_setting\('app\.tenant_id'::text, true\), ''::text\)\)?(::uuid)?\)*$/
    for (const { what, using, check } of rows) {
      expect(using ?? check, what).toMatch(onlyTheTenant)
      expect(check ?? using, what).toMatch(onlyTheTenant)
    }
  })

  it('has no role of a service that may go around it', async () => {
    const { rows } = await db.adminPool.query(
      `select rolname, rolsuper or rolbypassrls or rolcreaterole or rolreplication as mighty,
              (select count(*)::int from pg_auth_members m where m.member = r.oid) as memberships
         from pg_roles r where rolname like 'sallyport\\_%'`,
    )
    expect(rows.length).toBeGreaterThanOrEqual(15)
    for (const role of rows) expect(role).toMatchObject({ mighty: false, memberships: 0 })
  })
})

type Query = (table: TenantTable, tenant: string, other: string) => Promise<number>

class Undone extends Error {}

/** Does something to all rows that it can reach, tells whose they were, and takes it back. */
const changed = async (table: TenantTable, tenant: string, statement: string): Promise<number> => {
  let foreign = 0
  await pgTenantTransaction(poolOf(table), tenant, async sql => {
    const rows = await sql.query<{ tenant_id: string }>(statement, [])
    foreign = rows.filter(row => row.tenant_id !== tenant).length
    throw new Undone()
  }).catch((failure: unknown) => {
    if (!(failure instanceof Undone) && !(failure instanceof Error && failure.cause instanceof Undone))
      throw failure
  })
  return foreign
}

/** Each tells how many rows of somebody else it has seen. */
const queries: Readonly<Record<string, Query>> = {
  everything: (table, tenant) =>
    pgTenantTransaction(poolOf(table), tenant, async sql => {
      const rows = await sql.query<{ tenant_id: string }>(`select tenant_id from ${table.sql}`, [])
      const own = rows.filter(row => row.tenant_id === tenant)
      // Or else nothing was looked at.
      if (own.length === 0) throw new Error(`${table.sql} has no rows of ${tenant}`)
      return rows.length - own.length
    }),
  'somebody else by name': (table, tenant, other) =>
    pgTenantTransaction(poolOf(table), tenant, async sql => {
      const text = `select 1 from ${table.sql} where tenant_id::text = $1 or tenant_id::text <> $2`
      return (await sql.query(text, [other, tenant])).length
    }),
  // A plan that was made for one tenant is used again for the next: after five times without looking at values.
  'a prepared statement': async (table, tenant) => {
    const client = await poolOf(table).connect()
    try {
      await client.query('begin')
      await client.query("select set_config('app.tenant_id', $1, true)", [tenant])
      const statement = {
        name: `own ${table.sql}`,
        text: `select tenant_id from ${table.sql} where $1::int > 0`,
      }
      const { rows } = await client.query<{ tenant_id: string }>({ ...statement, values: [1] })
      await client.query('commit')
      return rows.filter(row => row.tenant_id !== tenant).length
    } finally {
      client.release()
    }
  },
  'an update': (table, tenant) =>
    table.mayUpdate
      ? changed(table, tenant, `select tenant_id from ${table.sql} for update`)
      : Promise.resolve(0),
  'a deletion': (table, tenant) =>
    table.mayDelete
      ? changed(table, tenant, `delete from ${table.sql} returning tenant_id`)
      : Promise.resolve(0),
  // The connection goes back to the pool in whatever state this leaves it.
  'a failure': (table, tenant) =>
    pgTenantTransaction(poolOf(table), tenant, sql => sql.query('select 1 / 0', [])).then(
      () => 1,
      () => 0,
    ),
  'no tenant': async table =>
    (await sqlOfPg(poolOf(table)).query(`select tenant_id from ${table.sql}`, [])).length,
  'an empty tenant': table =>
    pgTenantTransaction(
      poolOf(table),
      '',
      async sql => (await sql.query(`select tenant_id from ${table.sql}`, [])).length,
    ),
}

describe('S-AZ-03: a hundred tenants on eight connections', () => {
  it('see nobody’s rows but their own, whatever they ask, in any order', async () => {
    const full = counted(tenants.length * 1_000)
    const readable = tables.filter(
      ({ mayRead, isForced, name, schema }) =>
        mayRead && isForced && !addOnly.has(name) && schema !== 'event_log',
    )
    expect(readable.length).toBeGreaterThan(25)
    const plan = fc.sample(
      fc.record({
        table: fc.constantFrom(...readable),
        tenant: fc.constantFrom(...tenants),
        other: fc.constantFrom(...tenants),
        what: fc.constantFrom(...Object.keys(queries)),
      }),
      full,
    )
    let foreign = 0
    const queue = plan.values()
    const work = async (): Promise<void> => {
      for (const { table, tenant, other, what } of queue) {
        if (tenant === other) continue
        const seen = await queries[what]?.(table, tenant, other)
        if (seen) expect.soft(seen, `${what} in ${table.sql}`).toBe(0)
        foreign += seen ?? 0
      }
    }
    await Promise.all(Array.from({ length: connections * 2 }, work))
    expect(foreign).toBe(0)
    figure(
      'S-AZ-03',
      `${full} queries by ${tenants.length} tenants over ${readable.length} tables, ${foreign} foreign rows`,
    )
  }, 600_000)
})
