import { type Snapshot, takeSnapshot } from '../store/snapshot.ts'
import { BackupError } from './backup-error.ts'
import { areSame, type KeyFiles, type KeyMaterial, readKeys } from './key-material.ts'

/**
 * Keys are rotated in their file before the database knows of a new one, and after it has forgotten an old one. A file
 * that is the same before and after a snapshot is therefore the one that belongs to it.
 */
export const snapshotWithKeys = async (
  { databaseUrl, keyFiles }: { readonly databaseUrl: string; readonly keyFiles: KeyFiles },
  stack: AsyncDisposableStack,
): Promise<{ snapshot: Snapshot; keys: readonly KeyMaterial[] }> => {
  for (let tries = 0; tries < 5; tries += 1) {
    await using attempt = new AsyncDisposableStack()
    const before = attempt.use(await readKeys(keyFiles))
    const snapshot = attempt.use(await takeSnapshot(databaseUrl))
    using after = await readKeys(keyFiles)
    if (!areSame(before.keys, after.keys)) continue
    requireRootKeys(snapshot, before.keys)
    stack.use(attempt.move())
    return { snapshot, keys: before.keys }
  }
  throw new BackupError('The key files change all the time. Try again when no key is being rotated')
}

const requireRootKeys = ({ rootKeyIds }: Snapshot, keys: readonly KeyMaterial[]): void => {
  const ring = keys.find(({ name }) => name === 'vault-root')
  const missing = ring ? rootKeyIds.filter(id => !ring.ids.includes(id)) : []
  if (missing.length > 0)
    throw new BackupError(`The vault’s key file is not this database’s: it has no key ${missing.join(', ')}`)
}
