import { Readable } from 'node:stream'
import { crashPoint } from '@sallyport/config/crash-point'
import type { ObjectStore } from '../destination/object-store.ts'
import type { KeyFiles, KeyMaterial } from './key-material.ts'
import { folderOf, manifestName, newBackupId } from './layout.ts'
import { type Manifest, manifestOf } from './manifest.ts'
import { bytesOf, listRecordings, storeRecording } from './recordings.ts'
import { sealStream } from './sealed-stream.ts'
import { renderManifest } from './signed-manifest.ts'
import type { Signer } from './signing-key.ts'
import { snapshotWithKeys } from './snapshot-with-keys.ts'

export type BackupOptions = {
  readonly databaseUrl: string
  readonly store: ObjectStore
  readonly keyFiles: KeyFiles
  /** Without it recordings stay where they are, and are in no backup. */
  readonly recordingDirectory?: string | undefined
  /** Opens everything in the backup. Its private half is not here. */
  readonly recoveryRecipient: string
  /** Opens the data and no key, so that a backup can be proved by itself. */
  readonly proveRecipient?: string | undefined
  readonly signer: Signer
  readonly progress?: (line: string) => void
  readonly clock?: { readonly now: () => Date }
  readonly partBytes?: number
}

export type BackupReport = {
  readonly id: string
  readonly snapshotAt: Date
  readonly rows: number
  readonly recordings: number
  /** What was sent, without recordings that were there already. */
  readonly sentBytes: number
  readonly seconds: number
}

type Totals = { rows: number; sentBytes: number }

/**
 * Makes a backup of a running installation: the database at one moment, the recordings, and the keys.
 * INVARIANT: keys are encrypted to the recovery key only, and everything else at least to it; the manifest comes last.
 */
export const makeBackup = async (options: BackupOptions): Promise<BackupReport> => {
  const { store, signer, progress = () => {}, clock = { now: () => new Date() } } = options
  const startedAt = performance.now()
  const id = newBackupId(clock.now())
  const totals: Totals = { rows: 0, sentBytes: 0 }
  const { manifest, snapshotAt } = await storeDatabase(options, id, totals, progress)
  const recordings = options.recordingDirectory
    ? await storeRecordings(options, options.recordingDirectory, id, totals, progress)
    : undefined
  crashPoint('before manifest')
  const finishedAt = clock.now().toISOString()
  const whole = manifestOf({ id, ...manifest, finishedAt, ...(recordings && { recordings }) })
  await store.put(manifestName(id), renderManifest(whole, signer))
  const seconds = (performance.now() - startedAt) / 1000
  return { id, snapshotAt, ...totals, recordings: recordings?.count ?? 0, seconds }
}

const storeDatabase = async (
  options: BackupOptions,
  id: string,
  totals: Totals,
  progress: (line: string) => void,
) => {
  await using stack = new AsyncDisposableStack()
  const { snapshot, keys } = await snapshotWithKeys(options, stack)
  progress(`Backup ${id}, of ${snapshot.takenAt.toISOString()}`)
  progress(`  keys: ${keys.map(({ name }) => name).join(', ') || 'none'}`)
  const stored = await storeKeys(options, id, keys, totals)
  const tables: Manifest['tables'] = []
  for (const table of snapshot.tables) {
    const { stream, rows } = snapshot.read(table)
    const objects = await sealStream(stream, {
      ...sealing(options),
      name: `${folderOf(id)}/${table.schema}.${table.name}`,
    })
    const { schema, name, columns } = table
    tables.push({ schema, name, columns: [...columns], rows: rows(), objects })
    totals.rows += rows()
    for (const { bytes } of objects) totals.sentBytes += bytes
    if (rows() > 0) progress(`  ${schema}.${name}: ${rows()} rows`)
  }
  const sequences = await snapshot.sequences()
  const { lsn, postgresql, migrations, heads, takenAt } = snapshot
  const snapshotAt = takenAt.toISOString()
  const manifest = {
    snapshotAt,
    lsn,
    postgresql,
    migrations,
    tables,
    sequences,
    heads: [...heads],
    keys: stored,
  }
  return { manifest, snapshotAt: takenAt }
}

const sealing = ({ store, recoveryRecipient, proveRecipient, partBytes }: BackupOptions) => ({
  store,
  recipients: [recoveryRecipient, ...(proveRecipient ? [proveRecipient] : [])],
  ...(partBytes && { partBytes }),
})

const storeKeys = async (
  { store, recoveryRecipient }: BackupOptions,
  id: string,
  keys: readonly KeyMaterial[],
  totals: Totals,
): Promise<Manifest['keys']> => {
  const stored: Manifest['keys'] = []
  for (const { name, content, ids } of keys) {
    const to = { store, name: `${folderOf(id)}/key.${name}`, recipients: [recoveryRecipient] }
    const objects = await sealStream(Readable.from([content.bytes()], { objectMode: false }), to)
    for (const { bytes } of objects) totals.sentBytes += bytes
    stored.push({ name, ids: [...ids], objects })
  }
  return stored
}

/** After the database, so that each session in it that had ended is here to its end. */
const storeRecordings = async (
  options: BackupOptions,
  directory: string,
  id: string,
  totals: Totals,
  progress: (line: string) => void,
): Promise<NonNullable<Manifest['recordings']>> => {
  const paths = await listRecordings(directory)
  const sums = { count: 0, bytes: 0 }
  const lines = async function* (): AsyncGenerator<Buffer> {
    for (const path of paths) {
      const { entry, sentBytes } = await storeRecording(options.store, directory, path)
      sums.count += 1
      sums.bytes += bytesOf(entry)
      totals.sentBytes += sentBytes
      if (sums.count % 1000 === 0) progress(`  recordings: ${sums.count} of ${paths.length}`)
      yield Buffer.from(`${JSON.stringify(entry)}\n`)
    }
  }
  const name = `${folderOf(id)}/recordings`
  const list = Readable.from(lines(), { objectMode: false })
  const objects = await sealStream(list, { ...sealing(options), name })
  return { ...sums, objects }
}
