import { ensureRoles } from '@sallyport/database/roles'
import { schemaNames } from '../schemas.ts'
import { openSession } from './session.ts'

/** Makes the schemas and roles that a database lacks. Roles belong to the whole server: those that there are stay. */
export const ensureMissingRoles = async (adminUrl: string): Promise<void> => {
  await using session = await openSession(adminUrl, 'sallyport restore')
  for (const schema of schemaNames) await ensureRoles(session.client, schema)
}
