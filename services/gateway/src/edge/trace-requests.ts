import type { Tracing } from '@sallyport/telemetry/tracing'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { routeOf } from './route-of.ts'

/**
 * Begins a trace for each request that was let in. A client’s own trace is linked and decides nothing: neither the ids of
 * ours, nor whether it is kept.
 */
export const traceRequests = (app: FastifyInstance, tracing: Pick<Tracing, 'begin'>): void => {
  app.decorateRequest('span', undefined)
  app.addHook('onRequest', (request, reply, next) => {
    const { traceparent } = request.headers
    const names = { 'http.request.method': request.method, 'http.route': routeOf(request) }
    const span = tracing.begin('request', names, typeof traceparent === 'string' ? traceparent : undefined)
    request.span = span
    if (!span) return next()
    // Also when the client went away, and after streams.
    reply.raw.once('close', () => {
      span.set({ 'http.response.status_code': reply.raw.statusCode })
      span[Symbol.dispose]()
    })
    span.run(next)
  })
  // Bytes of bodies and answers arrive outside of it.
  app.addHook('preValidation', again)
  app.addHook('onResponse', again)
}

const again = (request: FastifyRequest, _reply: unknown, next: () => void): void => {
  if (request.span) request.span.run(next)
  else next()
}
