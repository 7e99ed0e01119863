import { setTimeout as pause } from 'node:timers/promises'
import fastify from 'fastify'
import { expect, test } from 'vitest'
import { drainOf } from '../src/edge/drain.ts'

test('who asks a gateway that is stopping is answered, and told to connect to another one', async () => {
  const app = fastify()
  app.get('/', async () => 'here')
  const drain = drainOf(app)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const ask = async (): Promise<[string, string | null]> => {
    const answer = await fetch(url)
    return [await answer.text(), answer.headers.get('connection')]
  }
  expect(await ask()).toEqual(['here', 'keep-alive'])
  const draining = drain.begin(1)
  expect(await ask()).toEqual(['here', 'close'])
  const isOver = await Promise.race([draining.then(() => true), pause(100).then(() => false)])
  expect(isOver).toBe(false)
  await draining
  await app.close()
})
