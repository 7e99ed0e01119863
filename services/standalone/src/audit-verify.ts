// Runs `audit verify` on a standalone installation, whether it is running or not.
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runVerify } from '@sallyport/audit/verify'
import { roleName } from '@sallyport/database/roles'
import { openDataDirectory } from './data-directory.ts'
import { databaseName, startDatabase } from './database.ts'
import { UsageError } from './options.ts'

const help = `Usage: pnpm audit:verify [--data-dir DIR] [--tenant ID]

Proves that the audit trail of a standalone installation is as it was written, or names the first record that is not.
Exit code: 0 intact; 1 not; 2 it could not be found out.

  --data-dir DIR  the installation    (default: .data/standalone)
  --tenant ID     only this tenant
`

/** The port that the running server wrote into its pid file, fourth line; undefined if none is running. */
const runningPort = async (directory: string): Promise<number | undefined> => {
  const text = await readFile(join(directory, 'postgres/cluster/postmaster.pid'), 'utf8').catch(() => '')
  return Number(text.split('\n')[3]) || undefined
}

const withDatabase = async <T>(directory: string, work: (url: string) => Promise<T>): Promise<T> => {
  const port = await runningPort(directory)
  if (port !== undefined) {
    const password = await readFile(join(directory, 'keys/postgres-worker'), 'utf8')
    return work(`postgresql://${roleName('audit', 'worker')}:${password}@127.0.0.1:${port}/${databaseName}`)
  }
  await using data = await openDataDirectory(directory)
  await using database = await startDatabase(data)
  return work(database.url('audit', 'worker'))
}

const run = async (): Promise<number> => {
  const { values } = parseArgs({
    options: { 'data-dir': { type: 'string' }, tenant: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const directory = resolve(values['data-dir'] ?? '.data/standalone')
  const keyFile = join(directory, 'keys/audit-chain')
  await readFile(keyFile).catch(() => {
    throw new UsageError(`There is no installation in ${directory}; name another with --data-dir`)
  })
  const args = ['--key-file', keyFile, '--checkpoints', join(directory, 'checkpoints')]
  return withDatabase(directory, url =>
    runVerify(
      [...args, ...(values.tenant ? ['--tenant', values.tenant] : [])],
      { SALLYPORT_AUDIT_VERIFY_DATABASE_URL: url },
      line => console.log(line),
    ),
  )
}

try {
  process.exitCode = await run()
} catch (thrown) {
  console.error(thrown instanceof UsageError ? thrown.message : thrown)
  process.exitCode = 2
}
