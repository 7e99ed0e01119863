import { parseArgs } from 'node:util'
import { makeBackup } from './backup/make-backup.ts'
import { spanOf } from './backup/proof-text.ts'
import { readSigner } from './backup/signing-key.ts'
import { readBackupConfig } from './backup-config.ts'
import { openStore } from './destination/open-store.ts'
import { progressLine, runProgram } from './run-program.ts'

const help = `Usage: backup [--json]

Makes an encrypted, signed backup of a running installation: its database at one moment, its recordings, its keys.
docs/backup.md has the environment. Exit status: 0 made; 1 not; 2 wrong command line; 78 wrong environment.

  --json  print the result as JSON
  --help  this text
`

await runProgram(help, async () => {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean' } } })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const config = readBackupConfig(process.env)
  const report = await makeBackup({
    ...config,
    store: await openStore(config.destination),
    signer: await readSigner(config.signingKeyFile),
    progress: progressLine,
  })
  const text =
    `Backup ${report.id}: ${report.rows} rows, ${report.recordings} recordings, ` +
    `${report.sentBytes} bytes sent, in ${spanOf(report.seconds)}`
  process.stdout.write(`${values.json ? JSON.stringify(report) : text}\n`)
  return 0
})
