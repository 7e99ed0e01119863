import { sqlOf } from '@sallyport/database/sql'
import type { Caller } from '@sallyport/identity/caller-token'
import { isSessionOver } from '../domain/session-life.ts'
import type { Tx } from './store.ts'
import { byEnabledUser } from './token-holders.ts'

type Session = { expires_at: Date; channel: string; created_at: Date; last_used_at: Date }

const sessionSql = `select held.expires_at, held.channel, held.created_at, held.last_used_at
  from login_sessions held ${byEnabledUser}
  where held.id = $1::uuid and held.user_id = $2::uuid and held.ended_at is null`
const apiTokenSql = `select held.expires_at from api_tokens held ${byEnabledUser}
  where held.id = $1::uuid and held.user_id = $2::uuid and held.revoked_at is null`

/** When the caller's login ends at the latest. Undefined if it has ended, or its user or tenant may do nothing now. */
export const findLoginEnd = (tx: Tx, caller: Caller, now: Date): Promise<Date | undefined> =>
  caller.kind === 'person' ? sessionEndOf(tx, caller, now) : tokenEndOf(tx, caller, now)

const sessionEndOf = async (tx: Tx, caller: Caller, now: Date): Promise<Date | undefined> => {
  const [session] = await sqlOf(tx).query<Session>(sessionSql, [caller.loginSessionId, caller.userId])
  if (session === undefined) return undefined
  const times = { channel: session.channel, createdAt: session.created_at, lastUsedAt: session.last_used_at }
  return isSessionOver(times, now) ? undefined : session.expires_at
}

const tokenEndOf = async (tx: Tx, caller: Caller, now: Date): Promise<Date | undefined> => {
  const [token] = await sqlOf(tx).query<Pick<Session, 'expires_at'>>(apiTokenSql, [
    caller.loginSessionId,
    caller.userId,
  ])
  return token === undefined || token.expires_at <= now ? undefined : token.expires_at
}
