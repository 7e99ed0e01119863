import { z } from 'zod'
import { isObjectName } from '../destination/object-store.ts'
import { schemaNames } from '../schemas.ts'
import { BackupError } from './backup-error.ts'
import { maxPartBytes } from './parts.ts'

/** Changes when an older program could not restore the backup any more. */
const format = 'sallyport-backup/1'

const text = z.string().max(200)
const identifier = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/)
const time = z.iso.datetime()
const count = z.int().min(0)
const hex64 = z.string().regex(/^[0-9a-f]{64}$/)

const object = z.strictObject({
  name: z.string().refine(isObjectName),
  bytes: z.int().min(1).max(maxPartBytes),
  sha256: hex64,
})
const objects = z.array(object).max(100_000)
const schema = z.enum(schemaNames)

const table = z.strictObject({
  schema,
  name: identifier,
  columns: z.array(identifier).min(1).max(500),
  rows: count,
  objects,
})

const manifestSchema = z.strictObject({
  format: z.literal(format),
  id: z.string().regex(/^\d{8}T\d{6}Z-[0-9a-f]{8}$/),
  /** When the snapshot was taken: what was committed before is in the backup. */
  snapshotAt: time,
  finishedAt: time,
  /** Where the write-ahead log was just after the snapshot. */
  lsn: text,
  postgresql: text,
  migrations: z.array(z.strictObject({ schema, name: text, checksum: hex64 })).max(10_000),
  tables: z.array(table).max(1_000),
  /** The last value that each sequence has handed out. */
  sequences: z
    .array(z.strictObject({ schema, name: identifier, value: z.string().regex(/^\d{1,19}$/) }))
    .max(1_000),
  /** Where each tenant’s audit trail ended, and what was signed last. */
  heads: z
    .array(z.strictObject({ tenantId: z.uuid(), sequence: count, mac: hex64, checkpoint: count }))
    .max(100_000),
  /** Only the recovery key opens these. `ids`: the keys in a ring. */
  keys: z
    .array(
      z.strictObject({ name: z.string().regex(/^[a-z-]{1,40}$/), ids: z.array(text).max(10_000), objects }),
    )
    .max(20),
  /** A list of the recordings; absent if they were left out. */
  recordings: z.strictObject({ count, bytes: count, objects }).optional(),
})

/** Everything about one backup that whoever restores it must rely on. Holds no secret. */
export type Manifest = z.infer<typeof manifestSchema>
export type TableBackup = Manifest['tables'][number]
export type AuditHead = Manifest['heads'][number]

export const manifestOf = (content: Omit<Manifest, 'format'>): Manifest =>
  manifestSchema.parse({ format, ...content })

/** Throws BackupError for what this version cannot restore. */
export const parseManifest = (json: string): Manifest => {
  const content = parse(json)
  const parsed = manifestSchema.safeParse(content)
  if (parsed.success) return parsed.data
  const named = z.object({ format: z.string() }).safeParse(content)
  const isOther = named.success && named.data.format !== format
  throw new BackupError(
    isOther
      ? 'The backup has another format: restore it with the version that made it'
      : 'The manifest of the backup cannot be understood',
  )
}

const parse = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
