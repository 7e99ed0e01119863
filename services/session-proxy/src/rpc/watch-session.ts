import { recordAudit } from '@sallyport/audit-events/record'
import type {
  WatchSessionRequest,
  WatchSessionResponse,
} from '@sallyport/contracts/session_proxy/v1/sessions'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { LiveSessions } from '../sessions/live-sessions.ts'
import type { Database } from '../store/database.ts'
import { subjectOf, visibleSession } from './visible-session.ts'

type Deps = { readonly database: Pick<Database, 'inTenant'>; readonly sessions: Pick<LiveSessions, 'get'> }

export const watchSession = ({ database, sessions }: Deps) =>
  async function* (
    { id }: WatchSessionRequest,
    call: Call,
  ): AsyncGenerator<WatchSessionResponse, void, undefined> {
    const { tenantId } = call.caller
    const live = await database.inTenant(tenantId, async tx => {
      const session = await visibleSession(tx, call, id, 'session.read')
      if (session.endedAt !== null) throw new SallyportError('session.ended')
      const carried = sessions.get(session.id)
      if (carried === undefined) throw new SallyportError('session.elsewhere')
      await recordAudit(sqlOf(tx), call, 'session.watched', subjectOf(session))
      return carried
    })
    for await (const line of live.hub.watch(call.signal)) yield { line }
  }
