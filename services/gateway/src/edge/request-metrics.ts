import type { Meter } from '@sallyport/telemetry/metrics'
import type { FastifyInstance } from 'fastify'

/** Counts every answer, by its route's pattern: what a client sends never becomes a label. */
export const countRequests = (app: FastifyInstance, meter: Pick<Meter, 'count' | 'time'>): void => {
  app.addHook('onResponse', async (request, reply) => {
    const { url } = request.routeOptions
    const route = url === undefined ? 'none' : `${request.method} ${url}`
    meter.count('sallyport_http_requests_total', { route, status: `${reply.statusCode}` })
    meter.time('sallyport_http_request_seconds', reply.elapsedTime / 1000, { route })
  })
}
