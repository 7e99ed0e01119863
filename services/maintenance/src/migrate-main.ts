// Brings an installation's database to what this version needs, before its services start: makes schemas and roles if it is
// given an administrator, and applies the migrations that are missing. Several may run at once.
import { ConfigError } from '@sallyport/config/reader'
import { ChangedMigrationError } from '@sallyport/database/migrate'
import { readMigrationConfig } from './config.ts'
import { ensureSchemas, migrateSchemas } from './schemas.ts'

try {
  const { ownerUrls, roles } = readMigrationConfig(process.env)
  if (roles) await ensureSchemas(roles.adminUrl, schema => roles.passwords[schema])
  const applied = await migrateSchemas(schema => ownerUrls[schema])
  for (const name of applied) process.stdout.write(`${name}: applied\n`)
  if (applied.length === 0) process.stdout.write('Every migration was applied before\n')
} catch (error) {
  // As in sysexits.h: a wrong configuration, and wrong data. Neither becomes right by trying again.
  const status = error instanceof ConfigError ? 78 : error instanceof ChangedMigrationError ? 65 : undefined
  if (status === undefined || !(error instanceof Error)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = status
}
