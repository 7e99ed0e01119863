import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataDirectory } from '@sallyport/standalone/data-directory'
import { databaseName, type StandaloneDatabase, startDatabase } from '@sallyport/standalone/database'
import pg from 'pg'

/** A PostgreSQL as an installation has it, with every schema and with fsync, on a directory of its own. */
export type BenchDatabase = AsyncDisposable &
  StandaloneDatabase & { readonly directory: string; readonly superuser: pg.Pool; readonly pid: number }

export const openBenchDatabase = async (): Promise<BenchDatabase> => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  // PostgreSQL runs as another user when we are root.
  await chmod(directory, 0o711)
  const database = stack.use(await startDatabase(stack.use(await openDataDirectory(directory))))
  const superuser = new pg.Pool({ connectionString: database.server.adminUrl(databaseName), max: 40 })
  superuser.on('error', () => {})
  stack.defer(() => superuser.end())
  const { rows } = await superuser.query<{ pid: number }>(
    `select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int as pid`,
  )
  const owned = stack.move()
  return {
    ...database,
    directory,
    superuser,
    pid: rows[0]?.pid ?? 0,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
