import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { KeyFiles as BackupKeyFiles } from '@sallyport/maintenance/backup/key-material'
import { readDestination } from '@sallyport/maintenance/backup-config'
import { openStore } from '@sallyport/maintenance/destination/open-store'
import type { ObjectStore } from '@sallyport/maintenance/destination/object-store'
import { BackupError } from '@sallyport/maintenance/backup/backup-error'

/** What `backup:key` makes in an installation’s directory. */
export const backupFiles = (directory: string) => {
  const at = (name: string): string => join(directory, 'keys', name)
  return {
    signing: at('backup-signing.pem'),
    prove: at('backup-prove'),
    recoveryRecipient: at('backup-recovery-recipient'),
    proveRecipient: at('backup-prove-recipient'),
  }
}

/** An installation’s keys, as they are called in a backup. */
export const keyFilesOf = (directory: string): BackupKeyFiles => {
  const at = (name: string): string => join(directory, 'keys', name)
  return {
    'access-control': at('access-control.json'),
    'vault-root': at('vault-root.json'),
    recordings: at('recordings.json'),
    'audit-chain': at('audit-chain'),
    'ssh-host-key': at('ssh_host_ed25519_key'),
  }
}

/** The place that a command line names: a directory, or s3://bucket/prefix. */
export const storeAt = (text: string | undefined, option: string): Promise<ObjectStore> => {
  if (!text)
    throw new BackupError(`Say where backups are kept, with ${option} DIR or ${option} s3://bucket/prefix`)
  return openStore(readDestination(process.env, text.startsWith('s3://') ? text : resolve(text)))
}

export const readRecipient = async (path: string): Promise<string> => {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new BackupError(
      'There is no key for backups yet. Make one: pnpm run backup:key --recovery-key FILE',
    )
  })
  return text.trim()
}
