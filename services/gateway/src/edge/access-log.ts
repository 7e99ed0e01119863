import type { FastifyInstance } from 'fastify'
import { sourceAddressOf } from './source-address.ts'

/**
 * One line for each answer. The path is the route's pattern: ids, queries, headers and bodies are left out, so that
 * nothing that a client sends gets into the log.
 */
export const logAccess = (app: FastifyInstance): void => {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime),
        sourceAddress: sourceAddressOf(request),
        tenantId: request.principal?.tenantId,
        userId: request.principal?.userId,
      },
      'answered',
    )
  })
}
