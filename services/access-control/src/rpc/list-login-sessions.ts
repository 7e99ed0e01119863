import {
  LoginChannel,
  type ListLoginSessionsRequest,
  type ListLoginSessionsResponse,
  type LoginSession as LoginSessionMessage,
} from '@sallyport/contracts/access_control/v1/authentication'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { isSessionOver, sessionEnd } from '../domain/session-life.ts'
import type { LoginSession } from '../generated/prisma/client.ts'
import { findUser } from '../store/users.ts'
import { checkedId, checkPermission } from './checks.ts'
import { before, take } from './paging.ts'

/** The live login sessions of the caller, or of another user. */
export const listLoginSessions =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: ListLoginSessionsRequest, call: Call): Promise<ListLoginSessionsResponse> => {
    const { caller } = call
    const userId = request.userId || caller.userId
    if (userId !== caller.userId) checkPermission(call, 'user.manage')
    const query = pageQuery(request.page, 1)
    return store.inTenant(caller.tenantId, async tx => {
      await findUser(tx, checkedId(userId, 'user.not_found'))
      const rows = await tx.loginSession.findMany({
        where: { userId, endedAt: null, expiresAt: { gt: clock.now() }, ...before(query) },
        ...take(query),
      })
      const { items, nextCursor } = pageOf(rows, query, row => [row.id])
      const live = items.filter(session => !isSessionOver(session, clock.now()))
      return {
        sessions: live.map(session => messageOf(session, caller.loginSessionId)),
        page: { nextCursor },
      }
    })
  }

const messageOf = (session: LoginSession, current: string): LoginSessionMessage => ({
  id: session.id,
  userId: session.userId,
  channel: session.channel === 'ssh' ? LoginChannel.SSH : LoginChannel.WEB,
  sourceAddress: session.sourceAddress,
  createdAt: session.createdAt,
  lastUsedAt: session.lastUsedAt,
  expiresAt: sessionEnd(session),
  current: session.id === current,
})
