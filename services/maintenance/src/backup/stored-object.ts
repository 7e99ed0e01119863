import { createHash } from 'node:crypto'
import type { ObjectStore } from '../destination/object-store.ts'
import { BackupError } from './backup-error.ts'

/** An object of a backup, as its manifest knows it. */
export type StoredObject = { readonly name: string; readonly bytes: number; readonly sha256: string }

export const sha256Of = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

export const storeObject = async (
  store: Pick<ObjectStore, 'put'>,
  name: string,
  content: Uint8Array,
): Promise<StoredObject> => {
  await store.put(name, content)
  return { name, bytes: content.byteLength, sha256: sha256Of(content) }
}

/** The object as it was stored. Throws BackupError naming one that is missing, cut off, exchanged or changed. */
export const fetchObject = async (
  store: Pick<ObjectStore, 'get'>,
  { name, bytes, sha256 }: StoredObject,
): Promise<Buffer> => {
  const content = await store.get(name, bytes)
  if (content.byteLength < bytes) throw new BackupError(`${name} was cut off`)
  if (sha256Of(content) !== sha256) throw new BackupError(`${name} was changed after the backup was made`)
  return content
}
