import { SallyportError } from '@sallyport/errors/error'
import { isPermission } from '@sallyport/identity/permissions'
import type { ServiceName } from '@sallyport/identity/services'
import type { RequestOptions } from '@sallyport/rpc/client'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RouteRow } from '../http/route-row.ts'
import type { Authenticate } from './authentication.ts'
import { presentedToken, sessionCookie } from './credentials.ts'
import type { Exchange } from './exchange.ts'
import { expectedVersion, idempotencyKeyOf } from './preconditions.ts'
import type { Principal } from './principal.ts'
import { sourceAddressOf } from './source-address.ts'
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
    sourceAddress: sourceAddressOf(request),
    cookie: cookieOf(reply),
  }
}

/** One for all: an AbortError with a stack of its own for each answer was a fiftieth of the gateway's work. */
const overForAll = new Error('Nobody waits for the answer any more')

/** Aborts when the answer is finished or its client has gone away: either way nobody waits any more. */
const goneSignal = (reply: FastifyReply): AbortSignal => {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort(overForAll))
  return gone.signal
}

/**
 * The service that owns the stream has decided when it began: by the permission, or because it is the reader's own.
 * Whoever has lost the permission since reads no further.
 */
const askAgain = async (
  { needs, to }: RouteRow,
  request: FastifyRequest,
  { authenticate }: ExchangeDeps,
  signal: AbortSignal,
): Promise<void> => {
  const { token } = presentedToken(request.headers, request.cookies)
  const sourceAddress = sourceAddressOf(request)
  const question = { token, audiences: to, sourceAddress, requestId: request.id }
  const { permissions } = await authenticate(question, signal)
  const hadIt = request.principal?.permissions.includes(needs) ?? true
  if (hadIt && isPermission(needs) && !permissions.includes(needs)) {
    throw new SallyportError('caller.not_allowed')
  }
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
