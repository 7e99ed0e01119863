import { recordAudit } from '@sallyport/audit-events/record'
import type {
  TerminateSessionRequest,
  TerminateSessionResponse,
} from '@sallyport/contracts/session_proxy/v1/sessions'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { safeText } from '../domain/safe-text.ts'
import type { LiveSessions } from '../sessions/live-sessions.ts'
import { terminated } from '../sessions/termination.ts'
import type { Database } from '../store/database.ts'
import { requestTermination } from '../store/session-rows.ts'
import { subjectOf, visibleSession } from './visible-session.ts'

type Deps = { readonly database: Pick<Database, 'inTenant'>; readonly sessions: Pick<LiveSessions, 'get'> }

/** Cuts a session, whichever node carries it: this one at once, another one when it looks, within a second. */
export const terminateSession =
  ({ database, sessions }: Deps) =>
  async (request: TerminateSessionRequest, call: Call): Promise<TerminateSessionResponse> => {
    const { caller } = call
    const reason = safeText(request.reason)
    if (reason === '') throw new SallyportError('request.invalid', 'reason is empty: its user is told it')
    const session = await database.inTenant(caller.tenantId, async tx => {
      const found = await visibleSession(tx, call, request.id, 'session.terminate')
      const sql = sqlOf(tx)
      const asked = found.endedAt === null && (await requestTermination(sql, found.id, reason))
      if (found.endedAt !== null) throw new SallyportError('session.ended')
      if (asked) {
        await recordAudit(sql, call, 'session.terminated', {
          ...subjectOf(found),
          details: { cause: 'terminated', reason },
        })
      } else call.audited.add('session.terminated')
      return found
    })
    sessions.get(session.id)?.end(terminated(reason))
    return {}
  }
