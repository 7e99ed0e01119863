import { recordAudit } from '@sallyport/audit-events/record'
import type {
  WatchSessionRequest,
  WatchSessionResponse,
} from '@sallyport/contracts/session_proxy/v1/sessions'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Peers } from '../clients/peers.ts'
import type { LiveSession } from '../sessions/live-session.ts'
import type { LiveSessions } from '../sessions/live-sessions.ts'
import type { Database } from '../store/database.ts'
import { subjectOf, visibleSession } from './visible-session.ts'

type Deps = {
  readonly database: Pick<Database, 'inTenant'>
  readonly sessions: Pick<LiveSessions, 'get'>
  readonly peers: Peers
}

type Carried = { readonly here: LiveSession } | { readonly instance: string }

/** Any replica is asked; the one that carries the session shows it, and writes down who watched. */
export const watchSession = ({ database, sessions, peers }: Deps) =>
  async function* (
    request: WatchSessionRequest,
    call: Call,
  ): AsyncGenerator<WatchSessionResponse, void, undefined> {
    const carried = await database.inTenant(call.caller.tenantId, async (tx): Promise<Carried> => {
      const session = await visibleSession(tx, call, request.id, 'session.read')
      if (session.endedAt !== null) throw new SallyportError('session.ended')
      const here = sessions.get(session.id)
      if (here === undefined) return { instance: session.instance }
      await recordAudit(sqlOf(tx), call, 'session.watched', subjectOf(session))
      return { here }
    })
    if ('here' in carried) for await (const line of carried.here.hub.watch(call.signal)) yield { line }
    // A replica that asks has looked up who carries it: to ask further would go in circles.
    else if (call.service === 'session-proxy') throw new SallyportError('session.elsewhere')
    else yield* peers.watch(carried.instance, request, call)
  }
