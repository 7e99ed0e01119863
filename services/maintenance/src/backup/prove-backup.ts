import type { Secret } from '@sallyport/crypto/secret'
import type { ObjectStore } from '../destination/object-store.ts'
import { countRows } from '../store/count-rows.ts'
import { loadTables } from '../store/load.ts'
import { openScratchDatabase } from '../store/scratch-database.ts'
import { checkBackup } from './check-backup.ts'
import { brokenTrails, differencesOf } from './compare.ts'
import { latestBackup } from './layout.ts'
import { migrateAsBackup, requireKnownMigrations } from './migrations.ts'
import { openStream } from './sealed-stream.ts'

export type ProveOptions = {
  readonly store: ObjectStore
  /** The newest unless given. */
  readonly backupId?: string | undefined
  readonly signer: string
  /** The key that proves backups, or the recovery key. */
  readonly identity: Secret
  /** The installation’s own key of the audit chain. */
  readonly chainKeyFile: string
  /** The second place of the trail’s checkpoints, which must be those of the backup as far as it goes. */
  readonly checkpointDirectory?: string | undefined
  /** An empty directory for a database, which the user nobody can reach if this is root. */
  readonly scratchDirectory: string
  readonly progress?: (line: string) => void
  readonly clock?: { readonly now: () => Date }
}

export type Proof = {
  readonly backup: string
  readonly provedAt: Date
  readonly snapshotAt: Date
  /** How much would have been lost, had the installation been lost when this was proved. */
  readonly recoveryPointSeconds: number
  /** How long it took to check and restore the backup. */
  readonly recoveryTimeSeconds: number
  readonly tables: number
  readonly rows: number
  readonly auditRecords: number
  readonly recordings: number
  /** Those that the backup has; a restore must get the others from elsewhere. */
  readonly keys: readonly string[]
  /** What is not as it was in the installation; none if the backup is good. */
  readonly differences: readonly string[]
}

/**
 * Restores a backup into a database of its own, and compares what is there with what was in the installation.
 * @throws BackupError if it cannot be restored at all
 */
export const proveBackup = async (options: ProveOptions): Promise<Proof> => {
  const { store, identity, progress = () => {}, clock = { now: () => new Date() } } = options
  const provedAt = clock.now()
  const startedAt = performance.now()
  const id = options.backupId ?? (await latestBackup(store))
  progress(`Checking backup ${id}`)
  const { manifest, recordings } = await checkBackup(store, { ...options, id })
  await requireKnownMigrations(manifest)
  await using database = await openScratchDatabase(options.scratchDirectory)
  await migrateAsBackup(database.adminUrl, manifest)
  const { migrations, tables, sequences } = manifest
  await loadTables(
    { migrations, tables, sequences, open: table => openStream(store, table.objects, identity) },
    { url: database.adminUrl, progress },
  )
  const recoveryTimeSeconds = (performance.now() - startedAt) / 1000
  progress('Comparing')
  const contents = await countRows(database.adminUrl)
  const snapshotAt = new Date(manifest.snapshotAt)
  return {
    backup: id,
    provedAt,
    snapshotAt,
    recoveryPointSeconds: (provedAt.getTime() - snapshotAt.getTime()) / 1000,
    recoveryTimeSeconds,
    tables: tables.length,
    rows: [...contents.rows.values()].reduce((sum, rows) => sum + rows, 0),
    auditRecords: contents.heads.reduce((sum, { sequence }) => sum + sequence, 0),
    recordings: recordings.length,
    keys: manifest.keys.map(({ name }) => name),
    differences: [
      ...differencesOf(manifest, contents),
      ...(await brokenTrails(options, manifest, database.adminUrl)),
    ],
  }
}
