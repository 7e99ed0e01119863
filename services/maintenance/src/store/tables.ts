import type pg from 'pg'
import { type SchemaName, schemaNames } from '../schemas.ts'

/** A table of the platform, in an order in which each comes after those that it refers to. */
export type Table = {
  readonly schema: SchemaName
  readonly name: string
  /** Those that are stored: not the ones that PostgreSQL computes. */
  readonly columns: readonly string[]
  readonly rowSecurityIsForced: boolean
}

type Row = Omit<Table, 'rowSecurityIsForced'> & {
  readonly oid: string
  readonly forced: boolean
  readonly refers_to: readonly string[]
}

/** Migrations have a book of their own, which is not copied: a restore writes it anew. */
const book = '_prisma_migrations'

const list = `
  select c.oid::text, n.nspname::text as schema, c.relname::text as name, c.relforcerowsecurity as forced,
    array(select attname::text from pg_catalog.pg_attribute
      where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = ''
      order by attnum) as columns,
    array(select distinct confrelid::text from pg_catalog.pg_constraint
      where conrelid = c.oid and contype = 'f' and confrelid <> c.oid) as refers_to
  from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = any($1::text[]) and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> $2
  order by n.nspname, c.relname`

/** Every table of the platform’s schemas. */
export const listTables = async (client: pg.Client): Promise<readonly Table[]> => {
  const { rows } = await client.query<Row>(list, [schemaNames, book])
  return inOrder(rows).map(({ schema, name, columns, forced }) => ({
    schema,
    name,
    columns,
    rowSecurityIsForced: forced,
  }))
}

const inOrder = (rows: readonly Row[]): Row[] => {
  const placed = new Set<string>()
  const ordered: Row[] = []
  let waiting = rows
  while (waiting.length > 0) {
    const ready = waiting.filter(row => row.refers_to.every(oid => placed.has(oid)))
    if (ready.length === 0)
      throw new Error(`Tables refer to each other in a circle: ${waiting.map(({ name }) => name).join(', ')}`)
    for (const row of ready) placed.add(row.oid)
    ordered.push(...ready)
    waiting = waiting.filter(row => !placed.has(row.oid))
  }
  return ordered
}

/** The name as it stands in a statement. */
export const sqlName = (client: pg.Client, { schema, name }: Pick<Table, 'schema' | 'name'>): string =>
  `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`

export const sqlColumns = (client: pg.Client, { columns }: Pick<Table, 'columns'>): string =>
  columns.map(column => client.escapeIdentifier(column)).join(', ')
