import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'

/** A service's three roles: who migrates, who serves, who claims background work across tenants. */
export type RoleKind = 'owner' | 'app' | 'worker'

/** The role's name; `schema` is the service's name with underscores. */
export const roleName = (schema: string, kind: RoleKind): string =>
  kind === 'app' ? `sallyport_${schema}` : `sallyport_${schema}_${kind}`

/**
 * Creates a service's schema and roles where they are missing, and sets the roles' passwords.
 * Needs a connection that may create roles. The owner owns the schema; the others own nothing and cannot bypass RLS.
 * @param passwords without them roles that there are stay as they are, and new ones get passwords that nobody knows
 */
export const ensureRoles = async (
  admin: Client,
  schema: string,
  passwords?: Readonly<Record<RoleKind, string>>,
): Promise<void> => {
  for (const kind of ['owner', 'app', 'worker'] as const) {
    await ensureRole(admin, roleName(schema, kind), passwords?.[kind])
  }
  const owner = admin.escapeIdentifier(roleName(schema, 'owner'))
  const name = admin.escapeIdentifier(schema)
  await admin.query(`create schema if not exists ${name} authorization ${owner}`)
  const users = [roleName(schema, 'app'), roleName(schema, 'worker')].map(role =>
    admin.escapeIdentifier(role),
  )
  await admin.query(`grant usage on schema ${name} to ${users.join(', ')}`)
  for (const role of [owner, ...users]) await admin.query(`alter role ${role} set search_path = ${name}`)
}

const ensureRole = async (admin: Client, role: string, password: string | undefined): Promise<void> => {
  const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [role])
  if (rowCount && password === undefined) return
  const name = admin.escapeIdentifier(role)
  const secret = admin.escapeLiteral(password ?? randomBytes(32).toString('base64url'))
  const attributes = `login nosuperuser nocreatedb nocreaterole nobypassrls password ${secret}`
  await admin.query(rowCount ? `alter role ${name} ${attributes}` : `create role ${name} ${attributes}`)
}
