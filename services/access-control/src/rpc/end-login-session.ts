import type {
  EndLoginSessionRequest,
  EndLoginSessionResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { revokeLoginSessions } from '../grants/end-logins.ts'
import { checkedId } from './checks.ts'

/** Ends one's own login session, or with user.manage somebody else's. */
export const endLoginSession =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: EndLoginSessionRequest, call: Call): Promise<EndLoginSessionResponse> => {
    const id = checkedId(request.id, 'login_session.not_found')
    const { tenantId, userId, permissions } = call.caller
    return store.ending(tenantId, async tx => {
      const session = await tx.loginSession.findUnique({ where: { id } })
      const mayEnd = session?.userId === userId || permissions.has('user.manage')
      if (session === null || session.endedAt !== null || !mayEnd) {
        throw new SallyportError('login_session.not_found')
      }
      const reason =
        session.userId === userId ? 'You ended this login' : 'Your login was ended by an administrator'
      await revokeLoginSessions({ tx, by: call, reason, now: clock.now() }, { id })
      return {}
    })
  }
