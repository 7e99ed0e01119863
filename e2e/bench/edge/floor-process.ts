import { fastify } from 'fastify'
import { serveChild } from '../child.ts'

/** The least that a server in Node can do: the same bytes for everybody. */
serveChild(async ({ body }: { body: string }) => {
  const app = fastify()
  app.get('/hello', async (_request, reply) => reply.type('application/json').send(body))
  return { ready: await app.listen({ host: '127.0.0.1', port: 0 }), stop: () => app.close() }
})
