import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import { passwordVerifier } from './password-verifier.ts'

/** A service's three roles: who migrates, who serves, who claims background work across tenants. */
export type RoleKind = 'owner' | 'app' | 'worker'

/** The role's name; `schema` is the service's name with underscores. */
export const roleName = (schema: string, kind: RoleKind): string =>
  kind === 'app' ? `sallyport_${schema}` : `sallyport_${schema}_${kind}`

/**
 * Creates a service's schema and roles where they are missing, and sets the roles' passwords.
 * Needs a connection that may create roles and schemas; a superuser's is not needed. The owner owns the schema; the others own
 * nothing and cannot bypass RLS.
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
  const users = [roleName(schema, 'app'), roleName(schema, 'worker')].map(role =>
    admin.escapeIdentifier(role),
  )
  await asMember(admin, owner, async () => {
    await admin.query(`create schema if not exists ${name} authorization ${owner}`)
    await admin.query(`grant usage on schema ${name} to ${users.join(', ')}`)
  })
  for (const role of [owner, ...users]) await admin.query(`alter role ${role} set search_path = ${name}`)
}

const ensureRole = async (admin: Client, role: string, password: string | undefined): Promise<void> => {
  const { rows } = await admin.query<{ mighty: boolean }>(
    `select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication as mighty
     from pg_roles where rolname = $1`,
    [role],
  )
  if (rows[0] && password === undefined) return
  const name = admin.escapeIdentifier(role)
  const verifier = passwordVerifier(password ?? randomBytes(32).toString('base64url'))
  const login = `login password ${admin.escapeLiteral(verifier)}`
  await admin.query(rows[0] ? `alter role ${name} ${login}` : `create role ${name} ${login}`)
  // Only a superuser may name these at all, even where they are not set.
  if (rows[0]?.mighty === true)
    await admin.query(`alter role ${name} nosuperuser nocreatedb nocreaterole nobypassrls noreplication`)
}

/** Who is no superuser must be a member of a role to give it something, and is one no longer than that. */
const asMember = async (admin: Client, role: string, work: () => Promise<void>): Promise<void> => {
  const { rows } = await admin.query<{ super: boolean }>(
    'select rolsuper as super from pg_roles where rolname = current_user',
  )
  if (rows[0]?.super === true) return await work()
  await admin.query(`grant ${role} to current_user`)
  await work()
  await admin.query(`revoke ${role} from current_user`)
}
