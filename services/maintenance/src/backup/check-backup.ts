import type { Secret } from '@sallyport/crypto/secret'
import type { ObjectStore } from '../destination/object-store.ts'
import { BackupError } from './backup-error.ts'
import { manifestName } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { parseRecordingList, readRecording, type RecordingEntry } from './recordings.ts'
import { openStream, readWhole } from './sealed-stream.ts'
import { maxManifestBytes, openManifest } from './signed-manifest.ts'
import { fetchObject } from './stored-object.ts'

/** A backup of which everything was proved to be as it was signed. */
export type CheckedBackup = { readonly manifest: Manifest; readonly recordings: readonly RecordingEntry[] }

const maxListBytes = 1024 * 1024 * 1024

/**
 * Proves the manifest’s signature and every object of a backup, before anything of it is used.
 * @throws BackupError naming what is missing, cut off, exchanged or changed
 */
export const checkBackup = async (
  store: ObjectStore,
  { id, signer, identity }: { readonly id: string; readonly signer: string; readonly identity: Secret },
): Promise<CheckedBackup> => {
  const manifest = openManifest(await store.get(manifestName(id), maxManifestBytes), signer)
  if (manifest.id !== id)
    throw new BackupError(`The manifest is the one of backup ${manifest.id}: somebody has exchanged them`)
  const objects = [...manifest.tables, ...manifest.keys].flatMap(one => one.objects)
  for (const object of objects) await fetchObject(store, object)
  const recordings = manifest.recordings ? await checkRecordings(store, manifest.recordings, identity) : []
  return { manifest, recordings }
}

const checkRecordings = async (
  store: ObjectStore,
  { objects, count }: NonNullable<Manifest['recordings']>,
  identity: Secret,
): Promise<RecordingEntry[]> => {
  const list = count === 0 ? '' : await listOf(store, objects, identity)
  const entries = parseRecordingList(list)
  if (entries.length !== count) throw new BackupError('The list of recordings is not whole')
  for (const entry of entries) for await (const _ of readRecording(store, entry));
  return entries
}

const listOf = async (
  store: ObjectStore,
  objects: NonNullable<Manifest['recordings']>['objects'],
  identity: Secret,
): Promise<string> =>
  (await readWhole(await openStream(store, objects, identity), maxListBytes)).toString('utf8')
