import type { Prisma } from '../generated/prisma/client.ts'
import { audit } from '../store/audit.ts'
import { type Ending, revokeGrants } from './end-grants.ts'
import { endRequestsOf } from './end-requests.ts'

/** Ends login sessions and what was granted through them. Gives how many grants ended. */
export const endLoginSessions = async (
  ending: Ending,
  where: Prisma.LoginSessionWhereInput,
): Promise<number> => {
  const { tx, now } = ending
  const sessions = await tx.loginSession.findMany({ where: { AND: [where, { endedAt: null }] } })
  const ids = sessions.map(session => session.id)
  await tx.loginSession.updateMany({ where: { id: { in: ids } }, data: { endedAt: now } })
  return revokeGrants(ending, { loginSessionId: { in: ids } })
}

/** The same, with an audit event for each: ended by somebody else, or by a limit. */
export const revokeLoginSessions = async (
  ending: Ending,
  where: Prisma.LoginSessionWhereInput,
): Promise<void> => {
  const { tx, by, reason } = ending
  const sessions = await tx.loginSession.findMany({ where: { AND: [where, { endedAt: null }] } })
  for (const session of sessions) {
    await audit(tx, by, 'login_session.revoked', {
      target: { kind: 'login-session', id: session.id },
      details: { reason },
    })
  }
  await endLoginSessions(ending, { id: { in: sessions.map(session => session.id) } })
}

/** Ends the factors' worth: logins and half-done logins, but neither tokens nor requests. For changed factors. */
export const endLoginsOf = async (
  ending: Ending,
  userId: string,
  exceptSessionId?: string,
): Promise<void> => {
  await ending.tx.loginChallenge.deleteMany({ where: { userId } })
  await revokeLoginSessions(ending, {
    userId,
    ...(exceptSessionId !== undefined && { id: { not: exceptSessionId } }),
  })
}

/** Ends everything that a user has open: logins, requests, grants. API tokens die with the user's flag or row. */
export const endEverythingOf = async (ending: Ending, userId: string): Promise<void> => {
  await endLoginsOf(ending, userId)
  await endRequestsOf(ending, { requesterId: userId })
  await revokeGrants(ending, { userId })
}
