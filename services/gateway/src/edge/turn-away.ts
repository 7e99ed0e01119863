import type { Socket } from 'node:net'
import { SallyportError } from '@sallyport/errors/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Places } from './places.ts'
import { problemOf } from './problem.ts'

const retryAfterSeconds = 1

const busy = new SallyportError('service.busy')

/**
 * Answers what does not fit before anything is done for it. Past the framework's hooks and hands, at a fifth of the cost:
 * in a flood the event loop comes round to the others only after every request that is turned away. Must come first.
 *
 * Whoever was turned away and asks again on the same connection before the time that was told, is answered at that time:
 * a flood of clients that are told at once asks again at once, and telling them takes what others could be served with.
 */
export const turnAwayWhatDoesNotFit = (app: FastifyInstance, places: Pick<Places, 'isFull'>): void => {
  const welcomeAt = new WeakMap<Socket, number>()
  const turnAway = ({ id, raw: { socket } }: FastifyRequest, reply: FastifyReply): void => {
    welcomeAt.set(socket, performance.now() + retryAfterSeconds * 1_000)
    tell(id, reply)
  }
  app.addHook('onRequest', (request, reply, next) => {
    const row = request.routeOptions.config?.row
    if (row === undefined || !places.isFull(row)) return next()
    reply.hijack()
    const tooSoonMs = (welcomeAt.get(request.raw.socket) ?? 0) - performance.now()
    if (tooSoonMs <= 0) turnAway(request, reply)
    else setTimeout(turnAway, tooSoonMs, request, reply)
  })
}

const tell = (requestId: string, { raw }: FastifyReply): void => {
  const body = JSON.stringify(problemOf(busy, requestId))
  raw.writeHead(503, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'retry-after': `${retryAfterSeconds}`,
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
  })
  raw.end(body)
}
