// Restores a backup into a new standalone installation.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BackupError } from '@sallyport/maintenance/backup/backup-error'
import { readIdentityFile } from '@sallyport/maintenance/backup/identity-file'
import { spanOf } from '@sallyport/maintenance/backup/proof-text'
import { restoreBackup } from '@sallyport/maintenance/backup/restore-backup'
import { progressLine, runProgram } from '@sallyport/maintenance/run-program'
import { keyFilesOf, storeAt } from './backup-files.ts'
import { databaseName, startServer } from './database.ts'
import { openForRestore } from './restore-mark.ts'

const help = `Usage: pnpm run restore --from DIR --recovery-key FILE [options]

Restores a backup into an empty data directory. Everything is proved before anything is written; one that was broken off
can be repeated. Exit status: 0 restored; 1 not; 2 wrong command line.

  --from DIR           where backups are kept, or s3://bucket/prefix (docs/backup.md has its environment)
  --recovery-key FILE  what backup:key wrote
  --data-dir DIR       the new installation    (default: .data/standalone)
  --backup ID          which backup            (default: the newest)
  --checkpoints DIR    the checkpoints of the old installation, if they are left: they tell what the restore loses
  --accept-loss        although the audit trail went on after the backup; the trail will say so
  --signer KEY         who must have signed it (default: whom the recovery key's file names)
`

await runProgram(help, async () => {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      'recovery-key': { type: 'string' },
      'data-dir': { type: 'string' },
      backup: { type: 'string' },
      checkpoints: { type: 'string' },
      'accept-loss': { type: 'boolean' },
      signer: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  if (!values['recovery-key'])
    throw new BackupError('Say where the recovery key is, with --recovery-key FILE')
  const directory = resolve(values['data-dir'] ?? '.data/standalone')
  using key = await readIdentityFile(values['recovery-key'])
  const signer = values.signer ?? key.signer
  if (signer === undefined) throw new BackupError('Say who must have signed the backup, with --signer')
  const store = await storeAt(values.from, '--from')
  await using data = await openForRestore(directory)
  const report = await (async () => {
    await using server = await startServer(data)
    return await restoreBackup({
      adminUrl: server.adminUrl(databaseName),
      store,
      backupId: values.backup,
      signer,
      identity: key.identity,
      keyFiles: keyFilesOf(directory),
      recordingDirectory: join(directory, 'recordings'),
      checkpointDirectory: values.checkpoints && resolve(values.checkpoints),
      acceptLoss: values['accept-loss'] === true,
      progress: progressLine,
    })
  })()
  await data.finished()
  console.log(
    `Restored ${report.id}, of ${report.snapshotAt.toISOString()}: ${report.rows} rows, ` +
      `${report.recordings} recordings, in ${spanOf(report.seconds)}`,
  )
  return 0
})
