import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BackupError } from './backup/backup-error.ts'
import { createBackupKeys } from './backup/create-keys.ts'
import { runProgram } from './run-program.ts'

const help = `Usage: backup-key --directory DIR

Makes the keys that backups need, each in a file that only its owner may read:

  recovery-key        opens everything; take it away from the installation, and keep it twice
  recovery-recipient  its public half, for the backup
  prove-key           opens the data and no key, for the proof
  prove-recipient     its public half, for the backup
  signing-key         signs backups
  signer              its public half, which a restore asks for; the two keys above name it too

Exit status: 0 made; 1 not; 2 wrong command line.
`

await runProgram(help, async () => {
  const { values } = parseArgs({ options: { directory: { type: 'string' }, help: { type: 'boolean' } } })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const { directory } = values
  if (!directory) throw new BackupError('Say where, with --directory')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const at = (name: string): string => join(directory, name)
  const made = await createBackupKeys({
    recovery: at('recovery-key'),
    prove: at('prove-key'),
    signing: at('signing-key'),
  })
  await writeFile(at('recovery-recipient'), `${made.recovery}\n`, { mode: 0o644 })
  await writeFile(at('prove-recipient'), `${made.prove}\n`, { mode: 0o644 })
  await writeFile(at('signer'), `${made.signer}\n`, { mode: 0o644 })
  process.stdout.write(
    `Made in ${directory}. Take ${at('recovery-key')} away from here, and keep it twice.\n`,
  )
  return 0
})
