import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routeRows } from '../src/http/routes.ts'
import { fakeUpstreams } from './fake-upstreams.ts'
import { bearer, json, type TestGateway, testGateway } from './gateway.ts'
import { sampleAnswers } from './sample-answers.ts'
import { sampleBodies, someId } from './sample-bodies.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await testGateway({ upstreams: fakeUpstreams(sampleAnswers) })
})
afterAll(() => gateway[Symbol.asyncDispose]())

type Method = 'POST' | 'PUT' | 'PATCH'

const routes = Object.entries(sampleBodies).map(([name, body]) => {
  const [method, path] = routeRows[name as keyof typeof routeRows].url.split(' ') as [Method, string]
  return { name, method, url: path.replace(':id', someId), body: body as Record<string, unknown> }
})

const send = (route: { method: Method; url: string }, payload: string | Buffer) =>
  gateway.app.inject({ ...route, headers: { ...bearer, ...json, 'if-match': '"1"' }, payload })

const nasty = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\u0000',
    '\ud800',
    '__proto__',
    '${x}',
    '%00',
    '../..',
    -1,
    0,
    1e308,
    2 ** 53,
    2 ** 31,
    '',
    [],
    {},
    null,
  ),
)

describe.each(routes)('$method $url', route => {
  test('hostile values in its fields are refused or harmless, and never a failure of ours', async () => {
    const fields = Object.keys(route.body)
    const hostile = fc.record({ field: fc.constantFrom(...fields, 'other'), value: nasty })
    await fc.assert(
      fc.asyncProperty(hostile, async ({ field, value }) => {
        const reply = await send(route, JSON.stringify({ ...route.body, [field]: value }))
        expect(reply.statusCode, reply.body).toBeLessThan(500)
      }),
      { numRuns: 40 },
    )
  })

  test('bodies that are no JSON object are refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ minLength: 1 }), fc.uint8Array({ minLength: 1 })),
        async bytes => {
          const reply = await send(route, Buffer.from(bytes))
          expect([200, 400, 401]).toContain(reply.statusCode)
        },
      ),
      { numRuns: 15 },
    )
  })
})

test.each([
  ['nested deeply', '['.repeat(100_000)],
  ['nested deeply in objects', '{"a":'.repeat(100_000)],
  ['with a million keys', `{${Array.from({ length: 90_000 }, (_, at) => `"k${at}":1`).join()}}`],
  ['with a key twice', '{"name":"a","name":"b"}'],
  ['with a key twice in disguise', '{"name":"a","n\\u0061me":"b"}'],
  ['with __proto__', '{"__proto__":{"isAdmin":true}}'],
  ['with an escaped __proto__', '{"\\u005f_proto__":{}}'],
  ['with constructor', '{"constructor":{"prototype":{}}}'],
  ['with a byte order mark', '\ufeff{}'],
  ['that is cut off', '{"name":"a'],
  ['with a big integer', '{"name":1e400}'],
])('a body %s is refused, and quickly', async (_what, payload) => {
  const started = performance.now()
  const reply = await send({ method: 'POST', url: '/v1/devices' }, payload)
  expect(reply.statusCode).toBe(400)
  expect(performance.now() - started).toBeLessThan(500)
})

test('a body over the limit is refused', async () => {
  const reply = await send({ method: 'POST', url: '/v1/devices' }, `{"name":"${'a'.repeat(1024 * 1024)}"}`)
  expect(reply.statusCode).toBe(413)
  expect(reply.json()).toMatchObject({ reason: 'request.too_large' })
})

test.each([
  '//v1/me',
  '/v1//me',
  '/v1/./me',
  '/v1/x/../me',
  '/v1/%2e/me',
  '/v1%2fme',
  '/v1/me/',
  '/v1/me;x=1',
  '/V1/me',
  '/v1/ME',
  '/v1/me%00',
  '/v1/me%20',
  '/v1/docs/../me',
  '/v1/docs/%2e%2e/me',
  '/v1/docs/static/../../me',
  '/v1/docs/static/%2e%2e%2f%2e%2e%2fpackage.json',
  '/livez/../v1/me',
  '/%zz',
])('the path %s leads nowhere without signing in', async url => {
  const reply = await gateway.app.inject({ url })
  expect([401, 404, 400]).toContain(reply.statusCode)
  expect(reply.body).not.toContain('alice')
})
