import { ensureRoles } from '@sallyport/database/roles'
import type { Client } from 'pg'

/** The services that keep data, by schema. */
export const schemas = [
  'access_control',
  'vault',
  'execution',
  'session_proxy',
  'audit',
  'event_log',
] as const

export type Schema = (typeof schemas)[number]

/** Roles belong to the whole server, so they are made once; each has its own name as password. */
export const createTestRoles = async (admin: Client): Promise<void> => {
  for (const schema of schemas) await ensureRoles(admin, schema, testPasswords)
}

export const testPasswords = { owner: 'owner', app: 'app', worker: 'worker' } as const
