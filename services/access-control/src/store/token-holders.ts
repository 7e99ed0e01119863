import type { Sql } from '@sallyport/database/sql'
import type { Caller } from '@sallyport/identity/caller-token'
import { isPermission, type Permission } from '@sallyport/identity/permissions'
import type { TokenKind } from '../domain/opaque-token.ts'
import { isSessionOver, sessionEnd, shouldTouch } from '../domain/session-life.ts'

/** Who stands behind a token, and until when. */
export type Holder = { caller: Omit<Caller, 'sourceAddress'>; expiresAt: Date }

type Presented = { kind: TokenKind; hash: Uint8Array }

type Person = { user_id: string; tenant_id: string; user_name: string; permissions: string[] }
type Session = Person & { id: string; channel: string; created_at: Date; last_used_at: Date }
type ApiToken = Person & { id: string; given: string[]; expires_at: Date; last_used_at: Date | null }

// Every call of the platform asks one of these: one statement each, whose plan every connection keeps.
const person = `u.id as user_id, u.tenant_id, u.user_name, array(
    select distinct unnest(r.permissions) from roles r where r.id = any(u.role_ids)) as permissions`
/** For what is `held` by a user: leaves nothing of users and tenants that are disabled. */
export const byEnabledUser = `join users u on u.id = held.user_id and not u.disabled
  join tenants t on t.id = u.tenant_id and not t.disabled`
const sessionSql = `select held.id, held.channel, held.created_at, held.last_used_at, ${person}
  from login_sessions held ${byEnabledUser} where held.token_hash = $1 and held.ended_at is null`
const apiTokenSql = `select held.id, held.permissions as given, held.expires_at, held.last_used_at, ${person}
  from api_tokens held ${byEnabledUser} where held.token_hash = $1 and held.revoked_at is null`

/** The holder of a token that is good now. Notes its use, at most once a minute. */
export const findHolder = (sql: Sql, token: Presented, now: Date): Promise<Holder | undefined> =>
  token.kind === 'session' ? findSessionHolder(sql, token, now) : findApiTokenHolder(sql, token, now)

const findSessionHolder = async (sql: Sql, { hash }: Presented, now: Date): Promise<Holder | undefined> => {
  const [session] = await sql.query<Session>(sessionSql, [hash], 'session-holder')
  if (session === undefined) return undefined
  const { id, channel, created_at: createdAt, last_used_at: lastUsedAt } = session
  if (isSessionOver({ channel, createdAt, lastUsedAt }, now)) return undefined
  if (shouldTouch(lastUsedAt, now)) {
    await sql.query('update login_sessions set last_used_at = $2 where id = $1 and ended_at is null', [
      id,
      now,
    ])
  }
  return {
    caller: {
      ...personOf(session),
      permissions: permissionsOf(session),
      loginSessionId: id,
      kind: 'person',
      strength: 'mfa',
    },
    expiresAt: sessionEnd({ channel, createdAt, lastUsedAt: now }),
  }
}

const findApiTokenHolder = async (sql: Sql, { hash }: Presented, now: Date): Promise<Holder | undefined> => {
  const [token] = await sql.query<ApiToken>(apiTokenSql, [hash], 'api-token-holder')
  if (token === undefined || token.expires_at <= now) return undefined
  if (shouldTouch(token.last_used_at ?? undefined, now)) {
    await sql.query('update api_tokens set last_used_at = $2 where id = $1', [token.id, now])
  }
  const own = permissionsOf(token)
  return {
    caller: {
      ...personOf(token),
      // A token carries what it was made with, and never more than its owner has now.
      permissions: new Set(token.given.filter(isPermission).filter(permission => own.has(permission))),
      loginSessionId: token.id,
      kind: 'api-token',
      // One thing that somebody has; nobody proved a second factor for this call.
      strength: 'password',
    },
    expiresAt: token.expires_at,
  }
}

const personOf = (row: Person): { tenantId: string; userId: string; userName: string } => ({
  tenantId: row.tenant_id,
  userId: row.user_id,
  userName: row.user_name,
})

const permissionsOf = ({ permissions }: Person): Set<Permission> => new Set(permissions.filter(isPermission))
