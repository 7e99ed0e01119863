// Proves that a backup of a standalone installation can be restored.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BackupError } from '@sallyport/maintenance/backup/backup-error'
import { readIdentityFile } from '@sallyport/maintenance/backup/identity-file'
import { runProof } from '@sallyport/maintenance/backup/run-proof'
import { readSigner } from '@sallyport/maintenance/backup/signing-key'
import { progressLine, runProgram } from '@sallyport/maintenance/run-program'
import { backupFiles, storeAt } from './backup-files.ts'

const help = `Usage: pnpm run backup:prove --from DIR [options]

Restores a backup into a database of its own, compares every count and the audit trail with what was in the installation,
and tells the recovery point and time. Exit status: 0 proved; 1 not; 2 wrong command line.

  --from DIR           where backups are kept, or s3://bucket/prefix (docs/backup.md has its environment)
  --data-dir DIR       the installation    (default: .data/standalone)
  --backup ID          which backup        (default: the newest)
  --metrics-file FILE  also write the result for Prometheus' collector of text files
  --json               print the result as JSON
`

await runProgram(help, async () => {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      'data-dir': { type: 'string' },
      backup: { type: 'string' },
      'metrics-file': { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const directory = resolve(values['data-dir'] ?? '.data/standalone')
  const files = backupFiles(directory)
  const { publicKey: signer } = await readSigner(files.signing).catch((cause: unknown) => {
    throw new BackupError('There is no key for backups yet. Make one: pnpm run backup:key', { cause })
  })
  using key = await readIdentityFile(files.prove)
  return await runProof({
    store: await storeAt(values.from, '--from'),
    backupId: values.backup,
    signer,
    identity: key.identity,
    chainKeyFile: join(directory, 'keys/audit-chain'),
    checkpointDirectory: join(directory, 'checkpoints'),
    metricsFile: values['metrics-file'],
    json: values.json === true,
    print: text => console.log(text),
    progress: progressLine,
  })
})
