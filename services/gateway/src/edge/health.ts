import type { FastifyInstance } from 'fastify'

export const livePath = '/livez'
export const readyPath = '/readyz'

/** Whether the process lives, and whether it can do its work: which of the services behind it are missing. */
export const registerHealth = (app: FastifyInstance, missing: () => Promise<readonly string[]>): void => {
  app.get(livePath, { schema: { hide: true } }, async () => ({ status: 'ok' }))
  app.get(readyPath, { schema: { hide: true } }, async (_request, reply) => {
    const names = await missing()
    if (names.length === 0) return { status: 'ok' }
    return reply.code(503).send({ status: 'unavailable', missing: names })
  })
}
