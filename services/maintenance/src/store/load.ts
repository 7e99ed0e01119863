import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crashPoint } from '@sallyport/config/crash-point'
import type pg from 'pg'
import { from } from 'pg-copy-streams'
import { BackupError } from '../backup/backup-error.ts'
import type { Manifest, TableBackup } from '../backup/manifest.ts'
import { appliedMigrations } from './applied-migrations.ts'
import { openSession } from './session.ts'
import { listTables, sqlColumns, sqlName, type Table } from './tables.ts'

/** What a load needs of a backup. */
type Source = Pick<Manifest, 'migrations' | 'tables' | 'sequences'> & {
  readonly open: (table: TableBackup) => Promise<Readable>
}

type Options = {
  /** As a superuser, or a role that is a member of every schema’s owner. */
  readonly url: string
  readonly progress: (line: string) => void
  /** What to do in the same transaction, when everything is there. */
  readonly finish?: (client: pg.Client) => Promise<void>
}

/**
 * Fills the empty tables of an installation in one transaction: there is everything, or nothing. What each row refers to
 * is proved by PostgreSQL, as ever.
 * @throws BackupError if there is a row already, or if the tables are not those of the backup
 */
export const loadTables = async (source: Source, options: Options): Promise<void> => {
  const { url, progress, finish } = options
  await using session = await openSession(url, 'sallyport restore')
  const { client } = session
  await client.query('begin')
  await requireSameMigrations(client, source)
  const tables = await listTables(client)
  const pairs = pairUp(tables, source.tables)
  for (const table of tables) await openTable(client, table)
  for (const { table, backup } of pairs) {
    if (backup.rows > 0) await fill(client, table, backup, await source.open(backup))
    if (backup.rows > 0) progress(`  ${table.schema}.${table.name}: ${backup.rows} rows`)
  }
  for (const { schema, name, value } of source.sequences)
    await client.query('select pg_catalog.setval($1::regclass, $2::bigint)', [
      sqlName(client, { schema, name }),
      value,
    ])
  await finish?.(client)
  for (const table of tables) await closeTable(client, table)
  crashPoint('before commit')
  await client.query('commit')
  for (const { table } of pairs) await client.query(`analyze ${sqlName(client, table)}`)
}

/** A later migration would not see the rows that it is to change. */
const requireSameMigrations = async (client: pg.Client, { migrations }: Source): Promise<void> => {
  const names = new Set(migrations.map(({ schema, name }) => `${schema}/${name}`))
  const more = (await appliedMigrations(client)).find(({ schema, name }) => !names.has(`${schema}/${name}`))
  if (more)
    throw new BackupError(
      `This database has migration ${more.schema}/${more.name} already, which the backup’s had not. ` +
        'Give a new database, without tables',
    )
}

type Pair = { readonly table: Table; readonly backup: TableBackup }

const pairUp = (tables: readonly Table[], backups: readonly TableBackup[]): Pair[] => {
  const named = new Map(backups.map(backup => [`${backup.schema}.${backup.name}`, backup]))
  const pairs = tables.flatMap(table => {
    const backup = named.get(`${table.schema}.${table.name}`)
    return backup && isSameSet(backup.columns, table.columns) ? [{ table, backup }] : []
  })
  if (pairs.length !== tables.length || pairs.length !== backups.length)
    throw new BackupError('The tables of this database are not those of the backup')
  return pairs
}

const isSameSet = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && new Set([...one, ...other]).size === one.length

/** Nobody else sees or writes the table until the end, and neither triggers nor row-level security change what comes. */
const openTable = async (client: pg.Client, table: Table): Promise<void> => {
  const name = sqlName(client, table)
  await client.query(`alter table ${name} disable trigger user`)
  await client.query(`alter table ${name} no force row level security`)
  const { rowCount } = await client.query(`select from ${name} limit 1`)
  if (rowCount)
    throw new BackupError(
      'There is an installation in this database already. A backup is restored into an empty one: give another database',
    )
}

const closeTable = async (client: pg.Client, table: Table): Promise<void> => {
  const name = sqlName(client, table)
  await client.query(`alter table ${name} enable trigger user`)
  if (table.rowSecurityIsForced) await client.query(`alter table ${name} force row level security`)
}

const fill = async (client: pg.Client, table: Table, backup: TableBackup, rows: Readable): Promise<void> => {
  const statement = `copy ${sqlName(client, table)} (${sqlColumns(client, backup)}) from stdin`
  const sink = client.query(from(statement))
  await pipeline(rows, sink)
  if (sink.rowCount !== backup.rows)
    throw new BackupError(
      `${table.schema}.${table.name} has ${sink.rowCount} rows, and ${backup.rows} in the backup`,
    )
}
