import type { FastifyInstance } from 'fastify'

export const livePath = '/livez'
export const readyPath = '/readyz'

/** Whether the process lives, and whether it can do its work: reach the service that says who is calling. */
export const registerHealth = (app: FastifyInstance, isReady: () => Promise<boolean>): void => {
  app.get(livePath, { schema: { hide: true } }, async () => ({ status: 'ok' }))
  app.get(readyPath, { schema: { hide: true } }, async (_request, reply) => {
    const ready = await isReady()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable' })
  })
}
