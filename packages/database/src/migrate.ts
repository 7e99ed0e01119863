import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg, { type Client } from 'pg'
import { leaveTenantsUncounted } from './uncounted-tenants.ts'

export type MigrateOptions = {
  /** URL of the schema's owner role. */
  readonly url: string
  readonly schema: string
  /** A directory in Prisma's layout: `<time>_<name>/migration.sql`. */
  readonly directory: string
  /** Only these, of those that are missing; all unless given. For a backup of a time when there were no others. */
  readonly only?: readonly string[]
}

/** An applied migration is not what it was: nobody but a person can tell which of both is right. */
export class ChangedMigrationError extends Error {}

/**
 * Applies the migrations that are missing, each in a transaction of its own, and keeps Prisma's own book
 * (`_prisma_migrations`), so that `prisma migrate deploy` agrees. Several processes may call it at once. Leaves tenants out of
 * PostgreSQL's statistics, in tables that came with migrations too.
 * @returns the names that were applied
 * @throws ChangedMigrationError if an applied migration's file has changed or is gone
 */
export const migrate = async ({
  url,
  schema,
  directory,
  only,
}: MigrateOptions): Promise<readonly string[]> => {
  const client = new pg.Client({ connectionString: url, application_name: `migrate ${schema}` })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [`migrate ${schema}`])
    await client.query("select set_config('search_path', $1, false)", [schema])
    await client.query(bookSql)
    const applied = await applyMissing(client, schema, await readMigrations(directory), only)
    await leaveTenantsUncounted(client)
    return applied
  } finally {
    // Closing the connection gives the lock back.
    await client.end()
  }
}

export type Migration = { readonly name: string; readonly sql: string; readonly checksum: string }

const bookSql = `create table if not exists _prisma_migrations (
  id varchar(36) primary key,
  checksum varchar(64) not null,
  finished_at timestamptz,
  migration_name varchar(255) not null,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz not null default now(),
  applied_steps_count integer not null default 0
)`

/** The migrations of a directory, in their order. */
export const readMigrations = async (directory: string): Promise<readonly Migration[]> => {
  const entries = await readdir(directory, { withFileTypes: true })
  const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
  return Promise.all(
    names.toSorted().map(async name => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

const applyMissing = async (
  client: Client,
  schema: string,
  migrations: readonly Migration[],
  only: readonly string[] | undefined,
): Promise<readonly string[]> => {
  const { rows } = await client.query<{ migration_name: string; checksum: string }>(
    'select migration_name, checksum from _prisma_migrations where finished_at is not null and rolled_back_at is null',
  )
  const applied = new Map(rows.map(row => [row.migration_name, row.checksum]))
  for (const [name, checksum] of applied) {
    const file = migrations.find(migration => migration.name === name)
    if (file?.checksum !== checksum)
      throw new ChangedMigrationError(
        `Migration ${schema}/${name} was applied, but its file ${file ? 'has changed' : 'is gone'}`,
      )
  }
  const missing = migrations.filter(({ name }) => !applied.has(name) && (only?.includes(name) ?? true))
  for (const migration of missing) await apply(client, migration)
  return missing.map(migration => migration.name)
}

const apply = async (client: Client, { name, sql, checksum }: Migration): Promise<void> => {
  await client.query('begin')
  try {
    await client.query(sql)
    await client.query(
      `insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       values ($1, $2, $3, now(), 1)`,
      [randomUUID(), checksum, name],
    )
    await client.query('commit')
  } catch (cause) {
    await client.query('rollback')
    throw new Error(`Migration ${name} failed and was rolled back`, { cause })
  }
}
