import { parseArgs } from 'node:util'
import { readIdentityFile, signerOf } from './backup/identity-file.ts'
import { runProof } from './backup/run-proof.ts'
import { readProveConfig } from './backup-config.ts'
import { openStore } from './destination/open-store.ts'
import { progressLine, runProgram } from './run-program.ts'

const help = `Usage: prove-backup [--backup ID] [--signer KEY] [--json]

Proves a backup: restores it into a database of its own, compares every count and the audit trail, and tells the recovery
point and time. It needs the key that proves backups, which opens no key in them.
docs/backup.md has the environment. Exit status: 0 proved; 1 not; 2 wrong command line; 78 wrong environment.

  --backup ID   which one                 (default: the newest)
  --signer KEY  who must have signed it   (default: whom the key’s file names)
  --json        print the result as JSON
  --help        this text
`

await runProgram(help, async () => {
  const { values } = parseArgs({
    options: {
      backup: { type: 'string' },
      signer: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const config = readProveConfig(process.env)
  using key = await readIdentityFile(config.keyFile)
  return await runProof({
    ...config,
    store: await openStore(config.destination),
    backupId: values.backup,
    signer: signerOf(values.signer, key),
    identity: key.identity,
    scratchRoot: config.scratchDirectory,
    json: values.json === true,
    print: text => process.stdout.write(`${text}\n`),
    progress: progressLine,
  })
})
