import type { Caller } from '@sallyport/identity/caller-token'
import { isSessionOver } from '../domain/session-life.ts'
import type { Tx } from './store.ts'

/** When the caller's login ends at the latest. Undefined if it has ended, or its user or tenant may do nothing now. */
export const findLoginEnd = async (tx: Tx, caller: Caller, now: Date): Promise<Date | undefined> => {
  const user = await tx.user.findUnique({ where: { id: caller.userId } })
  const tenant = await tx.tenant.findUnique({ where: { id: caller.tenantId } })
  if (user === null || user.disabled || tenant === null || tenant.disabled) return undefined
  return caller.kind === 'person' ? sessionEndOf(tx, caller, now) : tokenEndOf(tx, caller, now)
}

const sessionEndOf = async (tx: Tx, caller: Caller, now: Date): Promise<Date | undefined> => {
  const session = await tx.loginSession.findUnique({ where: { id: caller.loginSessionId } })
  const dead = session === null || session.endedAt !== null || isSessionOver(session, now)
  return dead || session.userId !== caller.userId ? undefined : session.expiresAt
}

const tokenEndOf = async (tx: Tx, caller: Caller, now: Date): Promise<Date | undefined> => {
  const token = await tx.apiToken.findUnique({ where: { id: caller.loginSessionId } })
  const dead = token === null || token.revokedAt !== null || token.expiresAt <= now
  return dead || token.userId !== caller.userId ? undefined : token.expiresAt
}
