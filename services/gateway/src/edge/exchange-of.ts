import { SallyportError } from '@sallyport/errors/error'
import type { ServiceName } from '@sallyport/identity/services'
import type { RequestOptions } from '@sallyport/rpc/client'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RouteRow } from '../http/route-row.ts'
import type { Authenticate } from './authentication.ts'
import { presentedToken, sessionCookie } from './credentials.ts'
import type { Exchange } from './exchange.ts'
import { expectedVersion, idempotencyKeyOf } from './preconditions.ts'
import type { Principal } from './principal.ts'
import { type RightsWatchOptions, watchRights } from './rights-watch.ts'

export type ExchangeDeps = {
  readonly authenticate: Authenticate
  readonly upstreamDeadlineMs: number
  readonly rightsWatch: RightsWatchOptions
  /** Aborted when the gateway stops, so that long streams end. */
  readonly stopping: AbortSignal
}

/** Builds what an endpoint may know and do for one request. */
export const exchangeOf = (
  row: RouteRow,
  request: FastifyRequest,
  reply: FastifyReply,
  deps: ExchangeDeps,
): Exchange => {
  const gone = goneSignal(reply)
  const anonymously: RequestOptions = {
    requestId: request.id,
    idempotencyKey: request.method === 'GET' ? undefined : idempotencyKeyOf(request.headers),
    signal: gone,
    deadlineMs: deps.upstreamDeadlineMs,
  }
  const principal = (): Principal => request.principal ?? impossible('nobody signed in')
  const callerToken = (service: ServiceName): string =>
    principal().callerTokens.get(service) ?? impossible(`no caller token for ${service}`)
  return {
    get principal() {
      return principal()
    },
    version: expectedVersion(row, request.headers),
    anonymously,
    to: service => ({ ...anonymously, callerToken: callerToken(service) }),
    streamFrom: service => {
      const rights = watchRights(() => askAgain(row, request, deps, gone), deps.rightsWatch, gone)
      return {
        requestId: request.id,
        callerToken: callerToken(service),
        signal: AbortSignal.any([gone, deps.stopping, rights]),
      }
    },
    sourceAddress: request.ip,
    cookie: cookieOf(reply),
  }
}

/** Aborts when the answer is finished or its client has gone away: either way nobody waits any more. */
const goneSignal = (reply: FastifyReply): AbortSignal => {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}

const askAgain = (
  row: RouteRow,
  request: FastifyRequest,
  { authenticate }: ExchangeDeps,
  signal: AbortSignal,
): Promise<Principal> => {
  const { token } = presentedToken(request.headers, request.cookies)
  const question = { token, audiences: row.to, sourceAddress: request.ip, requestId: request.id }
  return authenticate(question, signal)
}

const cookieOf = (reply: FastifyReply): Exchange['cookie'] => {
  const attributes = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' } as const
  return {
    set: (token, expires) => void reply.setCookie(sessionCookie, token, { ...attributes, expires }),
    clear: () => void reply.clearCookie(sessionCookie, attributes),
  }
}

const impossible = (what: string): never => {
  throw new SallyportError('internal', undefined, { cause: new Error(what) })
}
