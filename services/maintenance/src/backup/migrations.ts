import { migrate, readMigrations } from '@sallyport/database/migrate'
import { roleName } from '@sallyport/database/roles'
import { type SchemaName, schemaNames, schemas } from '../schemas.ts'
import { BackupError } from './backup-error.ts'
import type { Manifest } from './manifest.ts'

/** Throws BackupError if this version has not every migration that the backup’s database had, exactly as it was. */
export const requireKnownMigrations = async ({ migrations }: Pick<Manifest, 'migrations'>): Promise<void> => {
  for (const schema of schemaNames) {
    const known = new Map(
      (await readMigrations(schemas[schema])).map(({ name, checksum }) => [name, checksum]),
    )
    const strange = migrations.find(one => one.schema === schema && known.get(one.name) !== one.checksum)
    if (strange)
      throw new BackupError(
        `The backup has migration ${schema}/${strange.name}, which this version has not: it was made by another ` +
          'version. Restore it with that one, and update afterwards',
      )
  }
}

/**
 * Brings an empty database to where the backup’s was: newer migrations are for afterwards, since they may change rows.
 * @param adminUrl as a role that may become each schema’s owner
 */
export const migrateAsBackup = async (
  adminUrl: string,
  { migrations }: Pick<Manifest, 'migrations'>,
): Promise<void> => {
  for (const schema of schemaNames) {
    const only = migrations.filter(one => one.schema === schema).map(({ name }) => name)
    await migrate({ url: asOwner(adminUrl, schema), schema, directory: schemas[schema], only })
  }
}

/** The rest of this version’s migrations. */
export const migrateFurther = async (adminUrl: string): Promise<void> => {
  for (const schema of schemaNames)
    await migrate({ url: asOwner(adminUrl, schema), schema, directory: schemas[schema] })
}

/** The same connection, in the role that owns a schema. */
const asOwner = (adminUrl: string, schema: SchemaName): string => {
  const url = new URL(adminUrl)
  url.searchParams.set('options', `-c role=${roleName(schema, 'owner')}`)
  return url.href
}
