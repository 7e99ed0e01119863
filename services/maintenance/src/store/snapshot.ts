import type { Readable } from 'node:stream'
import type pg from 'pg'
import { to } from 'pg-copy-streams'
import { BackupError } from '../backup/backup-error.ts'
import type { AuditHead, Manifest } from '../backup/manifest.ts'
import { schemaNames } from '../schemas.ts'
import { appliedMigrations } from './applied-migrations.ts'
import { openSession } from './session.ts'
import { listTables, sqlColumns, sqlName, type Table } from './tables.ts'

/** The database at one moment: one transaction that sees nothing of what is committed later. */
export type Snapshot = AsyncDisposable & {
  readonly takenAt: Date
  readonly lsn: string
  readonly postgresql: string
  readonly tables: readonly Table[]
  readonly migrations: Manifest['migrations']
  readonly heads: readonly AuditHead[]
  /** The ids of the root keys that secrets in the snapshot are sealed under. */
  readonly rootKeyIds: readonly string[]
  /** A table as PostgreSQL’s text for COPY. One at a time. */
  readonly read: (table: Table) => { readonly stream: Readable; readonly rows: () => number }
  readonly sequences: () => Promise<Manifest['sequences']>
}

/**
 * Takes a snapshot, without keeping anybody from writing.
 * @param url as a role that may read everything (`pg_read_all_data`) and that row-level security does not bind
 *   (`BYPASSRLS`): any other is refused by PostgreSQL instead of being shown less
 */
export const takeSnapshot = async (url: string): Promise<Snapshot> => {
  await using stack = new AsyncDisposableStack()
  const { client } = stack.use(await openSession(url, 'sallyport backup'))
  await requireReader(client)
  await client.query('begin isolation level repeatable read read only')
  // The first statement takes the snapshot.
  const now = await one<{ at: Date; lsn: string; version: string }>(client, moment)
  const tables = await listTables(client)
  const names = tables.map(table => sqlName(client, table)).join(', ')
  if (names === '') throw new BackupError('There is no installation in this database')
  // Whoever wants to change a table’s shape waits until it was read.
  await client.query(`lock table ${names} in access share mode`)
  const migrations = await appliedMigrations(client)
  const heads = await readHeads(client)
  const rootKeys = await client.query<{ id: string }>(
    'select distinct root_key_id as id from vault.tenant_keys order by 1',
  )
  const owned = stack.move()
  return {
    takenAt: now.at,
    lsn: now.lsn,
    postgresql: now.version,
    tables,
    migrations,
    heads,
    rootKeyIds: rootKeys.rows.map(({ id }) => id),
    read: table => {
      const statement = `copy ${sqlName(client, table)} (${sqlColumns(client, table)}) to stdout`
      const stream = client.query(to(statement))
      return { stream, rows: () => stream.rowCount }
    },
    sequences: () => readSequences(client),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const moment = `
  select clock_timestamp() as at, current_setting('server_version') as version,
    (case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
      else pg_catalog.pg_current_wal_lsn() end)::text as lsn`

const requireReader = async (client: pg.Client): Promise<void> => {
  const role = await one<{ name: string; may: boolean }>(
    client,
    `select rolname as name, rolsuper or (rolbypassrls and pg_catalog.pg_has_role(oid, 'pg_read_all_data', 'usage')) as may
     from pg_catalog.pg_roles where rolname = current_user`,
  )
  if (!role.may)
    throw new BackupError(
      `${role.name} may not read everything. As a superuser: alter role ${role.name} bypassrls; grant pg_read_all_data to ${role.name}`,
    )
}

const readHeads = async (client: pg.Client): Promise<AuditHead[]> => {
  const { rows } = await client.query<{ id: string; sequence: string; mac: Buffer; checkpoint: string }>(
    `select tenant_id as id, sequence, mac,
       coalesce((select max(signed.sequence) from audit.checkpoints as signed
         where signed.tenant_id = heads.tenant_id), 0) as checkpoint
     from audit.heads order by tenant_id`,
  )
  return rows.map(({ id, sequence, mac, checkpoint }) => ({
    tenantId: id,
    sequence: Number(sequence),
    mac: mac.toString('hex'),
    checkpoint: Number(checkpoint),
  }))
}

// Sequences belong to no snapshot: what is read later is only higher, and leaves gaps.
const readSequences = async (client: pg.Client): Promise<Manifest['sequences']> => {
  const { rows } = await client.query<Manifest['sequences'][number]>(
    `select schemaname::text as schema, sequencename::text as name, last_value::text as value
     from pg_catalog.pg_sequences where schemaname = any($1::text[]) and last_value is not null order by 1, 2`,
    [schemaNames],
  )
  return rows
}

const one = async <R extends pg.QueryResultRow>(client: pg.Client, statement: string): Promise<R> => {
  const [row] = (await client.query<R>(statement)).rows
  if (!row) throw new Error('PostgreSQL answered with no row')
  return row
}
