// Runs `audit verify` on a standalone installation, whether it is running or not.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runVerify } from '@sallyport/audit/verify'
import { withInstallationDatabase } from './installation-database.ts'
import { UsageError } from './options.ts'

const help = `Usage: pnpm audit:verify [--data-dir DIR] [--tenant ID]

Proves that the audit trail of a standalone installation is as it was written, or names the first record that is not.
Exit code: 0 intact; 1 not; 2 it could not be found out.

  --data-dir DIR  the installation    (default: .data/standalone)
  --tenant ID     only this tenant
`

const run = async (): Promise<number> => {
  const { values } = parseArgs({
    options: { 'data-dir': { type: 'string' }, tenant: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const directory = resolve(values['data-dir'] ?? '.data/standalone')
  const args = [
    '--key-file',
    join(directory, 'keys/audit-chain'),
    '--checkpoints',
    join(directory, 'checkpoints'),
  ]
  return withInstallationDatabase(directory, async ({ url }) =>
    runVerify(
      [...args, ...(values.tenant ? ['--tenant', values.tenant] : [])],
      { SALLYPORT_AUDIT_VERIFY_DATABASE_URL: await url('audit', 'worker') },
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
