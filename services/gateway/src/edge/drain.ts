import type { ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** Ends connections in order: each is told with its next answer, and finds another gateway. */
export type Drain = { readonly begin: (seconds: number) => Promise<void> }

export const drainOf = ({ server }: Pick<FastifyInstance, 'server'>): Drain => {
  let isDraining = false
  // Before Fastify’s own listener, which may send the headers at once.
  server.prependListener('request', (_request: unknown, response: ServerResponse) => {
    if (isDraining) response.setHeader('connection', 'close')
  })
  return {
    begin: async seconds => {
      isDraining = true
      if (seconds > 0) await pause(seconds * 1_000)
    },
  }
}
