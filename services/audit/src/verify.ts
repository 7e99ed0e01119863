import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import pg from 'pg'
import { readChainKey } from './chain-keys.ts'
import { tenantsWithCheckpoints } from './checkpoints/checkpoint-files.ts'
import { verdictText } from './domain/verdict-text.ts'
import { databaseTrail } from './store/database-trail.ts'
import { exportedTrail } from './store/export-file.ts'
import type { TrailSource } from './store/trail-source.ts'
import { verifyTrail } from './verify-trail.ts'

const help = `audit verify: proves that the audit trail is as it was written, or names the first record that is not.

  --database-url URL   read the trail from PostgreSQL, as role sallyport_audit_worker or a superuser
                       (or set SALLYPORT_AUDIT_VERIFY_DATABASE_URL, which keeps the password off the command line)
  --export FILE        read the trail from an export instead
  --key-file FILE      the chain key
  --checkpoints DIR    the second place where checkpoints are kept; without it, what was signed there and is gone
                       from the trail goes unnoticed
  --tenant ID          only this tenant; all of them unless given
  --help               this text

Exit code: 0 every trail is intact; 1 one is not; 2 it could not be found out.
`

const options = {
  'database-url': { type: 'string' },
  export: { type: 'string' },
  'key-file': { type: 'string' },
  checkpoints: { type: 'string' },
  tenant: { type: 'string' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig

type Source = TrailSource & AsyncDisposable

const openSource = (databaseUrl: string | undefined, file: string | undefined): Source => {
  if (file) return { ...exportedTrail(file), [Symbol.asyncDispose]: async () => {} }
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, options: '-c search_path=audit' })
  pool.on('error', () => {})
  const owned = Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() })
  return { ...databaseTrail(owned), [Symbol.asyncDispose]: () => pool.end() }
}

const tenantsOf = async (source: TrailSource, directory: string | undefined): Promise<string[]> => {
  const filed = directory ? await tenantsWithCheckpoints(directory) : []
  return [...new Set([...(await source.tenants()), ...filed])].toSorted()
}

/** Runs the program. @returns its exit code */
export const runVerify = async (
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  print: (line: string) => void,
): Promise<0 | 1 | 2> => {
  const { values } = parseArgs({ args: [...args], options })
  if (values.help) {
    print(help)
    return 0
  }
  const databaseUrl = values['database-url'] ?? environment['SALLYPORT_AUDIT_VERIFY_DATABASE_URL']
  const { 'key-file': keyFile, checkpoints: checkpointDirectory, export: file, tenant } = values
  if (!keyFile || !(databaseUrl || file)) throw new Error('Give --key-file, and --database-url or --export')
  const keys = await readChainKey(keyFile)
  await using source = openSource(databaseUrl, file)
  const tenants = tenant ? [tenant] : await tenantsOf(source, checkpointDirectory)
  if (tenants.length === 0) print('There is no trail to verify')
  let intact = true
  for (const tenantId of tenants) {
    const verdict = await verifyTrail({ source, keys, checkpointDirectory }, tenantId)
    print(`tenant ${tenantId}: ${verdictText(verdict)}`)
    intact &&= verdict.finding === undefined
  }
  return intact ? 0 : 1
}

if (import.meta.main) {
  try {
    process.exitCode = await runVerify(process.argv.slice(2), process.env, line =>
      process.stdout.write(`${line}\n`),
    )
  } catch (error) {
    process.stderr.write(`audit verify: ${error instanceof Error ? error.message : 'failed'}\nTry --help.\n`)
    process.exitCode = 2
  }
}
