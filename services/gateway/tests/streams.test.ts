import { SallyportError } from '@sallyport/errors/error'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Call } from './fake-client.ts'
import { type FakeUpstreams, fakeUpstreams } from './fake-upstreams.ts'
import { bearer, type TestGateway, testGateway } from './gateway.ts'
import { sampleAnswers } from './sample-answers.ts'
import { someId } from './sample-bodies.ts'

let upstreams: FakeUpstreams
let gateway: TestGateway
let address: string
let ended: string[]

/** Sends one line, and then nothing until somebody is no longer interested. */
async function* endless({ options: { signal } }: Call): AsyncGenerator<{ line: string }> {
  yield { line: '{"version":3}' }
  await new Promise(resolve => signal?.addEventListener('abort', resolve))
  ended.push('upstream')
  throw new SallyportError('request.canceled')
}

beforeEach(async () => {
  ended = []
  upstreams = fakeUpstreams({ ...sampleAnswers, 'SessionService/WatchSession': endless })
  gateway = await testGateway({ upstreams, config: { rightsWatch: { everyMs: 20, graceMs: 100 } } })
  address = await gateway.app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(() => gateway[Symbol.asyncDispose]())

const watch = (signal?: AbortSignal) =>
  fetch(`${address}/v1/sessions/${someId}/live`, { headers: bearer, ...(signal && { signal }) })

const rest = async (reply: Response): Promise<string> => {
  let text = ''
  try {
    for await (const chunk of reply.body ?? []) text += Buffer.from(chunk).toString()
  } catch {
    // The connection was cut, which is how a reader learns that there is no more.
  }
  return text
}

test('a live session is shown as server-sent events', async () => {
  upstreams.answers = sampleAnswers
  const reply = await watch()
  expect(reply.headers.get('content-type')).toBe('text/event-stream')
  expect(await reply.text()).toBe('data: {"version":3}\n\ndata: [0.1,"o","hi"]\n\n')
})

test('a recording is downloaded byte for byte', async () => {
  const reply = await fetch(`${address}/v1/sessions/${someId}/recording.cast`, { headers: bearer })
  expect(reply.headers.get('content-type')).toBe('application/x-asciicast')
  expect(await reply.text()).toBe('{"version":3}\n')
})

test('a stream that is refused is a problem, and not an empty success', async () => {
  upstreams.answers = {}
  const reply = await watch()
  expect(reply.status).toBe(404)
  expect(reply.headers.get('content-type')).toContain('application/problem+json')
})

test('when the reader goes away, the upstream call ends', async () => {
  const reader = new AbortController()
  const reply = await watch(reader.signal)
  await reply.body?.getReader().read()
  reader.abort()
  await expect.poll(() => ended).toEqual(['upstream'])
})

test('when the reader’s login ends, so does the stream', async () => {
  const reply = await watch()
  upstreams.answers = {
    ...upstreams.answers,
    'AuthenticationService/Authenticate': () => {
      throw new SallyportError('caller.unauthenticated')
    },
  }
  expect(await rest(reply)).toContain('version')
  expect(ended).toEqual(['upstream'])
})

test('a stream goes on while nobody can be asked, but not for long', async () => {
  const reply = await watch()
  let asked = 0
  upstreams.answers = {
    ...upstreams.answers,
    'AuthenticationService/Authenticate': () => {
      asked += 1
      throw new SallyportError('service.unavailable')
    },
  }
  await rest(reply)
  expect(asked).toBeGreaterThan(1)
  expect(ended).toEqual(['upstream'])
})

test('stopping the gateway ends its streams', async () => {
  const reply = await watch()
  const closing = gateway.app.close()
  await rest(reply)
  await closing
  expect(ended).toEqual(['upstream'])
})
