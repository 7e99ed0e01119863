import { randomBytes } from 'node:crypto'
import type { ObjectStore } from '../destination/object-store.ts'
import { BackupError } from './backup-error.ts'

/** Backups sort by when they were begun. */
export const newBackupId = (now: Date): string =>
  `${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(4).toString('hex')}`

const backups = 'backups'

export const folderOf = (id: string): string => `${backups}/${id}`
export const manifestName = (id: string): string => `${folderOf(id)}/manifest`

/** Those that were finished, the newest last: a manifest is written when everything else is there. */
export const listBackups = async (
  store: Pick<ObjectStore, 'folders' | 'size'>,
): Promise<readonly string[]> => {
  const found: string[] = []
  for (const id of await store.folders(backups))
    if ((await store.size(manifestName(id))) !== undefined) found.push(id)
  return found
}

/** The newest finished backup. */
export const latestBackup = async (store: Pick<ObjectStore, 'folders' | 'size'>): Promise<string> => {
  for (const id of (await store.folders(backups)).toReversed())
    if ((await store.size(manifestName(id))) !== undefined) return id
  throw new BackupError('There is no finished backup in this place')
}
