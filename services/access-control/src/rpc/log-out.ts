import type { LogOutRequest, LogOutResponse } from '@sallyport/contracts/access_control/v1/authentication'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { endLoginSessions } from '../grants/end-logins.ts'
import { audit } from '../store/audit.ts'
import { checkPerson } from './checks.ts'

/** Ends the caller's login session, and every grant that was issued through it. */
export const logOut =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (_request: LogOutRequest, call: Call): Promise<LogOutResponse> => {
    checkPerson(call)
    const { tenantId, loginSessionId } = call.caller
    return store.ending(tenantId, async tx => {
      const ending = { tx, by: call, reason: 'You signed out', now: clock.now() }
      const ended = await endLoginSessions(ending, { id: loginSessionId })
      await audit(tx, call, 'logout.succeeded', {
        target: { kind: 'login-session', id: loginSessionId },
        details: { grants_ended: ended },
      })
      return {}
    })
  }
