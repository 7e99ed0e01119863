// Makes the keys that the backups of a standalone installation need.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { BackupError } from '@sallyport/maintenance/backup/backup-error'
import { createBackupKeys } from '@sallyport/maintenance/backup/create-keys'
import { runProgram } from '@sallyport/maintenance/run-program'
import { backupFiles } from './backup-files.ts'

const help = `Usage: pnpm run backup:key --recovery-key FILE [--data-dir DIR]

Makes the key that opens this installation's backups. Its private half is written to FILE and nowhere else: take it away
from this machine, and keep it twice. Without it no backup can be restored.
Exit status: 0 made; 1 not; 2 wrong command line.

  --recovery-key FILE  the new file, not below the installation
  --data-dir DIR       the installation    (default: .data/standalone)
`

await runProgram(help, async () => {
  const { values } = parseArgs({
    options: {
      'recovery-key': { type: 'string' },
      'data-dir': { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  if (!values['recovery-key'])
    throw new BackupError('Say where the recovery key is to go, with --recovery-key FILE')
  const directory = resolve(values['data-dir'] ?? '.data/standalone')
  const recovery = resolve(values['recovery-key'])
  if (recovery.startsWith(`${directory}${sep}`))
    throw new BackupError('The recovery key must not be kept in the installation that it is to recover')
  const files = backupFiles(directory)
  await mkdir(dirname(files.signing), { recursive: true, mode: 0o700 })
  const made = await createBackupKeys({ recovery, ...files })
  await writeFile(files.recoveryRecipient, `${made.recovery}\n`, { mode: 0o600 })
  await writeFile(files.proveRecipient, `${made.prove}\n`, { mode: 0o600 })
  console.log(`The recovery key is in ${recovery}. Take it away from this machine, and keep it twice.`)
  return 0
})
