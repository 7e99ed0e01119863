import { parseArgs } from 'node:util'
import { readIdentityFile, signerOf } from './backup/identity-file.ts'
import { spanOf } from './backup/proof-text.ts'
import { restoreBackup } from './backup/restore-backup.ts'
import { readRestoreConfig } from './backup-config.ts'
import { openStore } from './destination/open-store.ts'
import { progressLine, runProgram } from './run-program.ts'

const help = `Usage: restore [--backup ID] [--accept-loss] [--signer KEY] [--json]

Restores a backup into an empty installation. No service may run on it. Nothing is written before everything was proved,
and the database comes last, in one transaction: one that was broken off can be repeated.
docs/backup.md has the environment. Exit status: 0 restored; 1 not; 2 wrong command line; 78 wrong environment.

  --backup ID    which one                 (default: the newest)
  --accept-loss  although the audit trail went on after the backup; the trail will say so
  --signer KEY   who must have signed it   (default: whom the recovery key’s file names)
  --json         print the result as JSON
  --help         this text
`

await runProgram(help, async () => {
  const { values } = parseArgs({
    options: {
      backup: { type: 'string' },
      'accept-loss': { type: 'boolean' },
      signer: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const config = readRestoreConfig(process.env)
  using key = await readIdentityFile(config.recoveryKeyFile)
  const report = await restoreBackup({
    ...config,
    store: await openStore(config.destination),
    backupId: values.backup,
    signer: signerOf(values.signer, key),
    identity: key.identity,
    acceptLoss: values['accept-loss'] === true,
    progress: progressLine,
  })
  const text =
    `Restored ${report.id}, of ${report.snapshotAt.toISOString()}: ${report.rows} rows, ` +
    `${report.recordings} recordings, in ${spanOf(report.seconds)}`
  process.stdout.write(`${values.json ? JSON.stringify(report) : text}\n`)
  return 0
})
