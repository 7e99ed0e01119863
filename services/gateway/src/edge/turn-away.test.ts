import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type FastifyInstance, fastify } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RouteRow } from '../http/route-row.ts'
import './fastify-types.ts'
import { turnAwayWhatDoesNotFit } from './turn-away.ts'

const row: RouteRow = { url: 'GET /v1/devices', to: ['vault'], needs: 'sign-in', rate: 'read' }
let app: FastifyInstance
let isFull: boolean

beforeAll(async () => {
  app = fastify()
  turnAwayWhatDoesNotFit(app, { isFull: () => isFull })
  app.get('/v1/devices', { config: { row } }, async () => ({}))
  await app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => app.close())

/** A client with one connection. */
const client = (): Disposable & {
  ask: () => Promise<{ status: number; retryAfter: string; ms: number }>
} => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { port } = app.server.address() as AddressInfo
  return {
    ask: async () => {
      const askedAt = performance.now()
      const [answer]: IncomingMessage[] = await once(
        get({ host: '127.0.0.1', port, path: '/v1/devices', agent }),
        'response',
      )
      answer?.resume()
      if (answer) await once(answer, 'end')
      const { statusCode = 0, headers = {} } = answer ?? {}
      return {
        status: statusCode,
        retryAfter: headers['retry-after'] ?? '',
        ms: performance.now() - askedAt,
      }
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

describe('what does not fit', () => {
  it('is told at once and when to come again; who comes sooner is told then, others at once', async () => {
    isFull = true
    using one = client()
    using other = client()
    expect(await one.ask()).toMatchObject({ status: 503, retryAfter: '1' })
    const [again, fresh] = await Promise.all([one.ask(), other.ask()])
    expect(again).toMatchObject({ status: 503, retryAfter: '1' })
    expect(again.ms).toBeGreaterThan(900)
    expect(fresh).toMatchObject({ status: 503 })
    expect(fresh.ms, 'of a connection that was not turned away before').toBeLessThan(again.ms - 500)
  })

  it('is served on the same connection as soon as it fits', async () => {
    using one = client()
    isFull = true
    expect(await one.ask()).toMatchObject({ status: 503 })
    isFull = false
    const { status, ms } = await one.ask()
    expect(status).toBe(200)
    expect(ms).toBeLessThan(900)
  })
})
