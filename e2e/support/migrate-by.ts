import { databaseVariable } from '@sallyport/maintenance/config'
import { schemaNames } from '@sallyport/maintenance/schemas'
import type { PostgresOfProcesses } from './processes.ts'
import { startProgram } from './program.ts'
import type { Environment } from './service-environment.ts'

/**
 * Brings a database to what a version needs, as the chart's job does it.
 * @param checkout of that version
 * @returns what the program printed
 */
export const migrateBy = async (
  checkout: string,
  postgres: Pick<PostgresOfProcesses, 'url' | 'adminUrl'>,
): Promise<string> => {
  const urls = schemaNames.flatMap(schema =>
    (['owner', 'app', 'worker'] as const).map(kind => [
      databaseVariable(schema, kind),
      postgres.url(schema, kind),
    ]),
  )
  const env: Environment = {
    SALLYPORT_ADMIN_DATABASE_URL: postgres.adminUrl(),
    ...Object.fromEntries(urls),
  }
  await using program = startProgram('services/maintenance/src/migrate-main.ts', [], { env, checkout })
  if ((await program.exit) !== 0) throw new Error(`It does not migrate:\n${program.printed()}`)
  return program.printed()
}
