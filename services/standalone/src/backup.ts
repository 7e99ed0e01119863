// Makes a backup of a standalone installation, whether it is running or not.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { makeBackup } from '@sallyport/maintenance/backup/make-backup'
import { spanOf } from '@sallyport/maintenance/backup/proof-text'
import { readSigner } from '@sallyport/maintenance/backup/signing-key'
import { progressLine, runProgram } from '@sallyport/maintenance/run-program'
import { backupFiles, keyFilesOf, readRecipient, storeAt } from './backup-files.ts'
import { withInstallationDatabase } from './installation-database.ts'

const help = `Usage: pnpm run backup --to DIR [--data-dir DIR] [--without-recordings]

Makes an encrypted, signed backup of a standalone installation: its database at one moment, its recordings, its keys.
Make the keys for it first: pnpm run backup:key. Exit status: 0 made; 1 not; 2 wrong command line.

  --to DIR              where backups are kept, or s3://bucket/prefix (docs/backup.md has its environment)
  --data-dir DIR        the installation    (default: .data/standalone)
  --without-recordings  sessions cannot be replayed after a restore then
`

await runProgram(help, async () => {
  const { values } = parseArgs({
    options: {
      to: { type: 'string' },
      'data-dir': { type: 'string' },
      'without-recordings': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const directory = resolve(values['data-dir'] ?? '.data/standalone')
  const store = await storeAt(values.to, '--to')
  const files = backupFiles(directory)
  const report = await withInstallationDatabase(directory, async ({ adminUrl }) =>
    makeBackup({
      databaseUrl: adminUrl,
      store,
      keyFiles: keyFilesOf(directory),
      recordingDirectory: values['without-recordings'] ? undefined : join(directory, 'recordings'),
      recoveryRecipient: await readRecipient(files.recoveryRecipient),
      proveRecipient: await readRecipient(files.proveRecipient),
      signer: await readSigner(files.signing),
      progress: progressLine,
    }),
  )
  console.log(
    `Backup ${report.id}: ${report.rows} rows, ${report.recordings} recordings, ` +
      `${report.sentBytes} bytes sent, in ${spanOf(report.seconds)}`,
  )
  return 0
})
