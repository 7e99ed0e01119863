import { join } from 'node:path'
import { openPool, type Pool } from '../src/pool.ts'
import { roleName } from '../src/roles.ts'
import { addSchema, type TestDatabase, testDatabase } from '@sallyport/testing/postgres'

export const schemas = [
  'access_control',
  'vault',
  'execution',
  'session_proxy',
  'audit',
  'event_log',
] as const
export type Schema = (typeof schemas)[number]

/** A table that belongs to tenants, and what its service's app role may do with it. */
export type TenantTable = {
  readonly schema: Schema
  readonly name: string
  /** Quoted for SQL. */
  readonly sql: string
  readonly owner: string
  readonly isForced: boolean
  readonly mayRead: boolean
  readonly mayUpdate: boolean
  readonly mayDelete: boolean
}

/** One database with every service's schema, as an installation has it. */
export const everySchema = async (): Promise<TestDatabase> => {
  const [first, ...others] = schemas
  const db = await testDatabase(first)
  for (const schema of others) {
    const events = join(import.meta.dirname, '../../events/prisma/migrations')
    await (schema === 'event_log' ? addSchema(db.adminUrl, schema, events) : addSchema(db.adminUrl, schema))
  }
  return db
}

/** A pool of a service's app role. */
export const appPoolOf = (db: TestDatabase, schema: Schema, max: number): Pool => {
  const url = new URL(db.adminUrl)
  url.username = roleName(schema, 'app')
  url.password = 'app'
  return openPool({ url: url.href, applicationName: `${schema} app`, max })
}

export const tenantTablesOf = async (db: TestDatabase): Promise<TenantTable[]> => {
  const { rows } = await db.adminPool.query<TenantTable>(
    `select n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as sql,
            pg_get_userbyid(c.relowner) as owner, c.relrowsecurity and c.relforcerowsecurity as "isForced",
            has_any_column_privilege('sallyport_' || n.nspname, c.oid, 'select') as "mayRead",
            has_table_privilege('sallyport_' || n.nspname, c.oid, 'select')
              and has_any_column_privilege('sallyport_' || n.nspname, c.oid, 'update') as "mayUpdate",
            has_table_privilege('sallyport_' || n.nspname, c.oid, 'select')
              and has_table_privilege('sallyport_' || n.nspname, c.oid, 'delete') as "mayDelete"
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname = any($1) and exists
        (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
      order by 1, 2`,
    [[...schemas]],
  )
  return rows
}

/** Something for each type of column: what stands in a row does not matter here, but whose it is. */
const valueSql = `case format_type(a.atttypid, null)
    when 'uuid' then 'gen_random_uuid()' when 'text' then 'md5(random()::text)' when 'boolean' then 'false'
    when 'integer' then '(random() * 1e9)::integer' when 'bigint' then '(random() * 1e15)::bigint'
    when 'bytea' then 'decode(md5(random()::text), ''hex'')' when 'jsonb' then '''{}''::jsonb'
    when 'smallint' then '0' when 'timestamp with time zone' then 'now()' when 'timestamp without time zone' then 'now()'
    else format('''{}''::%s', format_type(a.atttypid, null)) end`

/** Puts rows of each tenant into every table, past constraints between them: as many in each. */
export const fill = async (db: TestDatabase, tenants: readonly string[], rowsEach: number): Promise<void> => {
  const client = await db.adminPool.connect()
  try {
    await client.query("set session_replication_role = 'replica'")
    for (const { sql } of await tenantTablesOf(db)) {
      const { rows: checks } = await client.query<{ name: string }>(
        "select conname as name from pg_constraint where conrelid = $1::regclass and contype = 'c'",
        [sql],
      )
      for (const { name } of checks) {
        await client.query(`alter table ${sql} drop constraint ${client.escapeIdentifier(name)}`)
      }
      const { rows } = await client.query<{ name: string; value: string }>(
        `select quote_ident(a.attname) as name, case when a.attname = 'tenant_id'
                then format('($1::text[])[tenant]::%s', format_type(a.atttypid, null)) else ${valueSql} end as value
           from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped
            and a.attidentity = '' and a.attgenerated = ''`,
        [sql],
      )
      const names = rows.map(({ name }) => name).join(', ')
      const values = rows.map(({ value }) => value).join(', ')
      await client.query(
        `insert into ${sql} (${names})
         select ${values} from generate_series(1, ${tenants.length}) tenant, generate_series(1, ${rowsEach})
         on conflict do nothing`,
        [tenants],
      )
    }
    await client.query("set session_replication_role = 'origin'")
  } finally {
    client.release()
  }
}
