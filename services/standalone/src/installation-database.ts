import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RoleKind, roleName } from '@sallyport/database/roles'
import type { SchemaName } from '@sallyport/maintenance/schemas'
import { openDataDirectory } from './data-directory.ts'
import { databaseName, startDatabase } from './database.ts'
import { UsageError } from './options.ts'

/** Where an installation’s database can be reached, by a program beside it. */
export type InstallationDatabase = {
  readonly adminUrl: string
  readonly url: (schema: SchemaName, kind: RoleKind) => Promise<string>
}

/** Gives a program the database of an installation: the one that runs, or else one that is started for as long. */
export const withInstallationDatabase = async <T>(
  directory: string,
  work: (database: InstallationDatabase) => Promise<T>,
): Promise<T> => {
  await requireInstallation(directory)
  const port = await runningPort(directory)
  if (port !== undefined) return work(runningDatabase(directory, port, await superuserPassword(directory)))
  await using data = await openDataDirectory(directory)
  await using database = await startDatabase(data)
  return await work({
    adminUrl: database.server.adminUrl(databaseName),
    url: async (schema, kind) => database.url(schema, kind),
  })
}

const requireInstallation = (directory: string): Promise<unknown> =>
  readFile(join(directory, 'keys/audit-chain')).catch(() => {
    throw new UsageError(`There is no installation in ${directory}; name another with --data-dir`)
  })

/** The port that the running server wrote into its pid file, fourth line; undefined if none is running. */
const runningPort = async (directory: string): Promise<number | undefined> => {
  const text = await readFile(join(directory, 'postgres/cluster/postmaster.pid'), 'utf8').catch(() => '')
  return Number(text.split('\n')[3]) || undefined
}

const superuserPassword = (directory: string): Promise<string> =>
  readFile(join(directory, 'postgres/superuser-password'), 'utf8')

const runningDatabase = (directory: string, port: number, password: string): InstallationDatabase => {
  const urlOf = (user: string, secret: string): string =>
    `postgresql://${user}:${secret}@127.0.0.1:${port}/${databaseName}`
  return {
    adminUrl: urlOf('postgres', password),
    url: async (schema, kind) =>
      urlOf(roleName(schema, kind), await readFile(join(directory, `keys/postgres-${kind}`), 'utf8')),
  }
}
