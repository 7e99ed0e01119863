import {
  SessionServiceService,
  type WatchSessionRequest,
  type WatchSessionResponse,
} from '@sallyport/contracts/session_proxy/v1/sessions'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { openChannel } from '@sallyport/rpc/channel'
import { connectRpc } from '@sallyport/rpc/client'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import type { Database } from '../store/database.ts'
import { addressOf } from '../store/nodes.ts'

/** The other replicas of this service. */
export type Peers = {
  /** What the node that carries a session shows of it, for the same caller. Throws `session.elsewhere` without it. */
  readonly watch: (
    instance: string,
    request: WatchSessionRequest,
    call: Pick<Call, 'callerToken' | 'requestId' | 'signal'>,
  ) => AsyncIterable<WatchSessionResponse>
}

type Deps = { readonly database: Pick<Database, 'asWorker'>; readonly tls: TlsMaterial }

export const connectPeers = ({ database, tls }: Deps): Peers => ({
  watch: async function* (instance, request, { callerToken, requestId, signal }) {
    const address = await database.asWorker(sql => addressOf(sql, instance))
    if (address === undefined) throw new SallyportError('session.elsewhere')
    using channel = openChannel({ service: 'session-proxy', address, tls })
    yield* connectRpc(SessionServiceService, channel).watchSession(request, {
      callerToken,
      requestId,
      signal,
    })
  },
})
