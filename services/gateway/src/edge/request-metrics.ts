import type { Meter } from '@sallyport/telemetry/metrics'
import type { FastifyInstance } from 'fastify'
import { routeOf } from './route-of.ts'

/** Counts every answer, by its route's pattern: what a client sends never becomes a label. */
export const countRequests = (app: FastifyInstance, meter: Pick<Meter, 'count' | 'time'>): void => {
  app.addHook('onResponse', async (request, reply) => {
    const pattern = routeOf(request)
    const route = pattern === 'none' ? pattern : `${request.method} ${pattern}`
    meter.count('sallyport_http_requests_total', { route, status: `${reply.statusCode}` })
    meter.time('sallyport_http_request_seconds', reply.elapsedTime / 1000, { route })
  })
}
