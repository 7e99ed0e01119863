import type pg from 'pg'
import type { Manifest } from '../backup/manifest.ts'
import { schemaNames } from '../schemas.ts'

/** The migrations that a database has, in their order. */
export const appliedMigrations = async (client: pg.Client): Promise<Manifest['migrations']> => {
  const all: Manifest['migrations'] = []
  for (const schema of schemaNames) {
    const { rows } = await client.query<{ name: string; checksum: string }>(
      `select migration_name as name, checksum from ${client.escapeIdentifier(schema)}._prisma_migrations
       where finished_at is not null and rolled_back_at is null order by migration_name`,
    )
    all.push(...rows.map(row => ({ schema, ...row })))
  }
  return all
}
