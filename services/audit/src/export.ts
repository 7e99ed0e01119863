import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import pg from 'pg'
import { databaseTrail } from './store/database-trail.ts'
import { exportLines } from './store/export-file.ts'
import type { TrailSource } from './store/trail-source.ts'

const help = `audit export: writes the audit trail to a file that audit verify reads, one JSON object a line.

  --database-url URL   as role sallyport_audit_worker or a superuser (or set SALLYPORT_AUDIT_VERIFY_DATABASE_URL)
  --output FILE        must not exist yet
  --tenant ID          only this tenant; all of them unless given
`

const options = {
  'database-url': { type: 'string' },
  output: { type: 'string' },
  tenant: { type: 'string' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig

async function* lines(source: TrailSource, tenant: string | undefined): AsyncGenerator<string> {
  for (const tenantId of tenant ? [tenant] : await source.tenants()) {
    for await (const line of exportLines(source, tenantId)) yield `${line}\n`
  }
}

/** Runs the program. @returns its exit code */
export const runExport = async (
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  print: (line: string) => void,
): Promise<0 | 2> => {
  const { values } = parseArgs({ args: [...args], options })
  const databaseUrl = values['database-url'] ?? environment['SALLYPORT_AUDIT_VERIFY_DATABASE_URL']
  if (values.help || !values.output || !databaseUrl) {
    print(help)
    return values.help ? 0 : 2
  }
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, options: '-c search_path=audit' })
  pool.on('error', () => {})
  await using owned = Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() })
  const output = createWriteStream(values.output, { flags: 'wx', mode: 0o600 })
  await pipeline(Readable.from(lines(databaseTrail(owned), values.tenant)), output)
  return 0
}

if (import.meta.main) {
  try {
    process.exitCode = await runExport(process.argv.slice(2), process.env, line =>
      process.stdout.write(`${line}\n`),
    )
  } catch (error) {
    process.stderr.write(`audit export: ${error instanceof Error ? error.message : 'failed'}\n`)
    process.exitCode = 2
  }
}
