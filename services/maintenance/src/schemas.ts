import { join } from 'node:path'
import { migrate } from '@sallyport/database/migrate'
import { ensureRoles, type RoleKind } from '@sallyport/database/roles'
import pg from 'pg'

const root = join(import.meta.dirname, '../../..')

/** Each schema of the platform’s database with its migrations, in the order in which they are applied. */
export const schemas = {
  event_log: join(root, 'packages/events/prisma/migrations'),
  access_control: join(root, 'services/access-control/prisma/migrations'),
  vault: join(root, 'services/vault/prisma/migrations'),
  execution: join(root, 'services/execution/prisma/migrations'),
  session_proxy: join(root, 'services/session-proxy/prisma/migrations'),
  audit: join(root, 'services/audit/prisma/migrations'),
} as const

export type SchemaName = keyof typeof schemas

// Its keys are written above.
export const schemaNames = Object.keys(schemas) as readonly SchemaName[]

/**
 * Creates every schema with its roles where they are missing, and sets the roles’ passwords; or does nothing, and throws.
 * Event log’s migrations grant to the roles of every service: all roles come before the first migration.
 * @param adminUrl of the platform’s database, as a role that may create roles
 */
export const ensureSchemas = async (
  adminUrl: string,
  passwordsOf: (schema: SchemaName) => Readonly<Record<RoleKind, string>>,
): Promise<void> => {
  const admin = new pg.Client({ connectionString: adminUrl, application_name: 'sallyport maintenance' })
  await admin.connect()
  try {
    await admin.query('begin')
    // Two that change one role at once would fail each other.
    await admin.query("select pg_advisory_xact_lock(hashtextextended('ensure schemas', 0))")
    for (const schema of schemaNames) await ensureRoles(admin, schema, passwordsOf(schema))
    await admin.query('commit')
  } finally {
    // What was not committed goes with the connection.
    await admin.end()
  }
}

/**
 * Applies the migrations that are missing, schema after schema. Several processes may call it at once.
 * @param ownerUrl the database as a schema’s owner
 * @returns the names of what was applied, as `<schema>/<migration>`
 */
export const migrateSchemas = async (
  ownerUrl: (schema: SchemaName) => string,
): Promise<readonly string[]> => {
  const applied: string[] = []
  for (const schema of schemaNames) {
    const names = await migrate({ url: ownerUrl(schema), schema, directory: schemas[schema] })
    applied.push(...names.map(name => `${schema}/${name}`))
  }
  return applied
}
