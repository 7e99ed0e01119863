import { type RoleKind, roleName } from '@sallyport/database/roles'
import { ensureSchemas, migrateSchemas, type SchemaName } from '@sallyport/maintenance/schemas'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@sallyport/postgres/embedded'
import pg from 'pg'
import type { DataDirectory } from './data-directory.ts'

/** The installation's PostgreSQL with every schema migrated. */
export type StandaloneDatabase = AsyncDisposable & {
  readonly server: EmbeddedPostgres
  readonly url: (schema: SchemaName, kind: RoleKind) => string
}

/** The one database of the installation; each service has a schema in it. */
export const databaseName = 'sallyport'

export const startDatabase = async (data: DataDirectory): Promise<StandaloneDatabase> => {
  const database = await openDatabase(data)
  try {
    const passwords = await rolePasswords(data)
    await ensureSchemas(database.server.adminUrl(databaseName), () => passwords)
    await migrateSchemas(schema => database.url(schema, 'owner'))
  } catch (thrown) {
    await database[Symbol.asyncDispose]()
    throw thrown
  }
  return database
}

/** The same, with its schemas as they were left. */
export const openDatabase = async (data: DataDirectory): Promise<StandaloneDatabase> => {
  const passwords = await rolePasswords(data)
  const server = await startServer(data)
  return {
    server,
    url: (schema, kind) =>
      `postgresql://${roleName(schema, kind)}:${passwords[kind]}@127.0.0.1:${server.port}/${databaseName}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** The installation's PostgreSQL with its database, which may be empty. */
export const startServer = async (data: DataDirectory): Promise<EmbeddedPostgres> => {
  const server = await startEmbeddedPostgres({ directory: data.path('postgres') })
  try {
    await createDatabase(server)
  } catch (thrown) {
    await server[Symbol.asyncDispose]()
    throw thrown
  }
  return server
}

const rolePasswords = async (data: DataDirectory): Promise<Readonly<Record<RoleKind, string>>> => ({
  owner: await data.secret('postgres-owner'),
  app: await data.secret('postgres-app'),
  worker: await data.secret('postgres-worker'),
})

const createDatabase = async (server: EmbeddedPostgres): Promise<void> => {
  await using admin = await connect(server.adminUrl())
  const { rowCount } = await admin.client.query('select from pg_database where datname = $1', [databaseName])
  if (rowCount === 0) await admin.client.query(`create database ${databaseName}`)
}

const connect = async (url: string): Promise<AsyncDisposable & { client: pg.Client }> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
