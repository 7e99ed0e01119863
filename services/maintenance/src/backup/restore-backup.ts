import type { Secret } from '@sallyport/crypto/secret'
import type { ObjectStore } from '../destination/object-store.ts'
import { afterRestore } from '../store/after-restore.ts'
import { ensureMissingRoles } from '../store/ensure-missing-roles.ts'
import { loadTables } from '../store/load.ts'
import { BackupError } from './backup-error.ts'
import { type CheckedBackup, checkBackup } from './check-backup.ts'
import type { KeyFiles } from './key-material.ts'
import { latestBackup } from './layout.ts'
import { lostHistory, setAside } from './lost-history.ts'
import type { Manifest } from './manifest.ts'
import { migrateAsBackup, migrateFurther, requireKnownMigrations } from './migrations.ts'
import { requireNoOtherRecordings, restoreKeys, restoreRecordings } from './restore-files.ts'
import { openStream } from './sealed-stream.ts'

export type RestoreOptions = {
  /** An empty database, as a superuser, or as a role that may create roles and be the owner of each schema. */
  readonly adminUrl: string
  readonly store: ObjectStore
  /** The newest unless given. */
  readonly backupId?: string | undefined
  /** The public key that the installation’s backups are signed with. */
  readonly signer: string
  /** The recovery key. */
  readonly identity: Secret
  readonly keyFiles: KeyFiles
  readonly recordingDirectory?: string | undefined
  /** The second place of the audit trail’s checkpoints: tells what a restore loses. */
  readonly checkpointDirectory?: string | undefined
  readonly acceptLoss?: boolean
  readonly progress?: (line: string) => void
}

export type RestoreReport = {
  readonly id: string
  readonly snapshotAt: Date
  readonly rows: number
  readonly recordings: number
  readonly seconds: number
}

/**
 * Restores a backup into an empty installation. Everything is proved before anything is written; the database is filled
 * last, in one transaction. A restore that was broken off can be repeated.
 * @throws BackupError
 */
export const restoreBackup = async (options: RestoreOptions): Promise<RestoreReport> => {
  const { store, progress = () => {}, keyFiles, identity, recordingDirectory, checkpointDirectory } = options
  const startedAt = performance.now()
  const id = options.backupId ?? (await latestBackup(store))
  progress(`Checking backup ${id}`)
  const checked = await checkBackup(store, { ...options, id })
  const { manifest, recordings } = checked
  const lost = checkpointDirectory
    ? await lostHistory(checkpointDirectory, manifest)
    : new Map<string, number>()
  if (!options.acceptLoss) refuseLoss(manifest, lost)
  await requireKnownMigrations(manifest)
  if (recordingDirectory) await requireNoOtherRecordings(recordingDirectory, recordings)
  progress(`Restoring what there was at ${manifest.snapshotAt}`)
  await restoreKeys(store, manifest, keyFiles, identity)
  if (recordingDirectory) await restoreRecordings(store, recordings, recordingDirectory)
  await fillDatabase(options, checked, lost, progress)
  if (checkpointDirectory)
    for (const head of manifest.heads.filter(({ tenantId }) => lost.has(tenantId)))
      await setAside(checkpointDirectory, head, id)
  return {
    id,
    snapshotAt: new Date(manifest.snapshotAt),
    rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
    recordings: recordings.length,
    seconds: (performance.now() - startedAt) / 1000,
  }
}

const fillDatabase = async (
  { adminUrl, store, identity }: RestoreOptions,
  { manifest }: CheckedBackup,
  lost: ReadonlyMap<string, number>,
  progress: (line: string) => void,
): Promise<void> => {
  await ensureMissingRoles(adminUrl)
  await migrateAsBackup(adminUrl, manifest)
  const { migrations, tables, sequences } = manifest
  await loadTables(
    { migrations, tables, sequences, open: table => openStream(store, table.objects, identity) },
    { url: adminUrl, progress, finish: client => afterRestore(client, manifest, lost) },
  )
  await migrateFurther(adminUrl)
}

const refuseLoss = ({ heads, snapshotAt }: Manifest, lost: ReadonlyMap<string, number>): void => {
  const told = heads
    .filter(({ tenantId }) => lost.has(tenantId))
    .slice(0, 10)
    .map(
      ({ tenantId, sequence }) =>
        `\n  tenant ${tenantId}: records ${sequence + 1} to ${lost.get(tenantId) ?? 0} at least`,
    )
  if (told.length > 0)
    throw new BackupError(
      `The audit trail went on after this backup of ${snapshotAt}, and would lose:${told.join('')}\n` +
        'Restore a newer backup, or accept the loss with --accept-loss: it is then written into the trail',
    )
}
