import type { Platform } from '@sallyport/standalone/platform'
import pg from 'pg'

export type Row = Readonly<Record<string, unknown>>

/** The platform's database in the hands of its superuser: what somebody with the disks or a stolen backup can do. */
export type Superuser = AsyncDisposable & {
  readonly query: (text: string, params?: readonly unknown[]) => Promise<Row[]>
}

export const connectSuperuser = ({ database }: Pick<Platform, 'database'>): Promise<Superuser> =>
  connectSuperuserAt(database.server.adminUrl('sallyport'))

export const connectSuperuserAt = async (url: string): Promise<Superuser> => {
  const client = new pg.Client({ connectionString: url })
  // The server may be stopped before we are.
  client.on('error', () => {})
  await client.connect()
  return {
    query: async (text, params = []) => (await client.query<Row>(text, [...params])).rows,
    [Symbol.asyncDispose]: () => client.end(),
  }
}

export type Table = { readonly schema: string; readonly name: string }

/** Every table of every service, quoted for SQL, with the names of its columns. */
export const tablesOf = async (
  db: Superuser,
): Promise<(Table & { sql: string; columns: readonly string[] })[]> => {
  const rows = await db.query(
    `select n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as sql,
            array_agg(a.attname::text order by a.attnum) as columns
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
      group by 1, 2, 3 order by 1, 2`,
  )
  return rows.map(({ schema, name, sql, columns }) => ({
    schema: String(schema),
    name: String(name),
    sql: String(sql),
    columns: Array.isArray(columns) ? columns.map(String) : [],
  }))
}
