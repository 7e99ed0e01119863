import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCheckpointFile } from '@sallyport/audit/checkpoints/checkpoint-files'
import { checkpointLine } from '@sallyport/audit/checkpoints/checkpoint-line'
import { runVerify } from '@sallyport/audit/verify'
import type { Secret } from '@sallyport/crypto/secret'
import type { ObjectStore } from '../destination/object-store.ts'
import { type Contents, countRows } from '../store/count-rows.ts'
import { loadTables } from '../store/load.ts'
import { openScratchDatabase } from '../store/scratch-database.ts'
import { checkBackup } from './check-backup.ts'
import { latestBackup } from './layout.ts'
import type { Manifest } from './manifest.ts'
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
  const { tables, sequences } = manifest
  await loadTables(
    { tables, sequences, open: table => openStream(store, table.objects, identity) },
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

const differencesOf = (manifest: Manifest, { rows, heads, rootKeyIds }: Contents): string[] => {
  const counts = manifest.tables.flatMap(({ schema, name, rows: wanted }) => {
    const found = rows.get(`${schema}.${name}`) ?? 0
    return found === wanted ? [] : [`${schema}.${name} has ${found} rows instead of ${wanted}`]
  })
  const ends = manifest.heads.flatMap(({ tenantId, sequence, mac }) => {
    const found = heads.find(head => head.tenantId === tenantId)
    const isSame = found?.sequence === sequence && found.mac === mac
    return isSame ? [] : [`the audit trail of tenant ${tenantId} does not end where it ended`]
  })
  const ring = manifest.keys.find(({ name }) => name === 'vault-root')
  const missing = ring ? rootKeyIds.filter(id => !ring.ids.includes(id)) : []
  return [
    ...counts,
    ...ends,
    ...missing.map(id => `secrets are sealed under ${id}, which is not in the backup`),
  ]
}

const brokenTrails = async (
  { chainKeyFile, checkpointDirectory, scratchDirectory }: ProveOptions,
  manifest: Manifest,
  databaseUrl: string,
): Promise<string[]> => {
  const lines: string[] = []
  const args = ['--key-file', chainKeyFile]
  if (checkpointDirectory)
    args.push('--checkpoints', await checkpointsOfThen(checkpointDirectory, manifest, scratchDirectory))
  const environment = { SALLYPORT_AUDIT_VERIFY_DATABASE_URL: databaseUrl }
  const code = await runVerify(args, environment, line => lines.push(line))
  return code === 0 ? [] : lines.filter(line => !line.includes(': ok, ')).map(line => `audit: ${line}`)
}

/** The trail has gone on since: what was signed later is not asked of the backup. */
const checkpointsOfThen = async (
  directory: string,
  { heads }: Manifest,
  scratchDirectory: string,
): Promise<string> => {
  const target = join(scratchDirectory, 'checkpoints')
  await mkdir(target, { recursive: true, mode: 0o700 })
  for (const { tenantId, sequence } of heads) {
    const signed = await readCheckpointFile(directory, tenantId)
    const then = signed.filter(checkpoint => checkpoint.sequence <= sequence).map(checkpointLine)
    await writeFile(join(target, `${tenantId}.ndjson`), then.join('\n'), { mode: 0o600 })
  }
  return target
}
