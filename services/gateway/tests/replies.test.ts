import { Writable } from 'node:stream'
import { Credential, SecretKind } from '@sallyport/contracts/vault/v1/inventory'
import { type Reason } from '@sallyport/errors/reasons'
import { SallyportError } from '@sallyport/errors/error'
import { createLogger } from '@sallyport/telemetry/logger'
import { expect, test } from 'vitest'
import { fakeUpstreams } from './fake-upstreams.ts'
import { bearer, json, testGateway } from './gateway.ts'
import { sampleAnswers } from './sample-answers.ts'
import { sampleBodies, someId } from './sample-bodies.ts'

const failing = (error: unknown) =>
  fakeUpstreams({
    'DeviceService/GetDevice': () => {
      throw error
    },
  })

const readDevice = { url: `/v1/devices/${someId}`, headers: bearer }

test.each<[Reason, number]>([
  ['device.not_found', 404],
  ['caller.not_allowed', 403],
  ['version.conflict', 412],
  ['request.too_many', 429],
  ['service.unavailable', 503],
  ['request.deadline', 504],
])('%s becomes a problem with status %i', async (reason, status) => {
  await using gateway = await testGateway({ upstreams: failing(new SallyportError(reason)) })
  const reply = await gateway.app.inject(readDevice)
  expect(reply.statusCode).toBe(status)
  expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(reply.json()).toMatchObject({
    type: `urn:sallyport:error:${reason}`,
    reason,
    status,
    instance: reply.headers['x-request-id'],
  })
})

test('of an unexpected failure nothing is told but the request’s id, and the log has the cause', async () => {
  const lines: string[] = []
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk))
      done()
    },
  })
  await using gateway = await testGateway({
    upstreams: failing(new Error('password=hunter2 at 10.0.0.1')),
    log: createLogger('gateway', 'info', sink),
  })
  const reply = await gateway.app.inject(readDevice)
  expect(reply.statusCode).toBe(500)
  expect(reply.body).not.toMatch(/hunter2|10\.0\.0\.1|at /)
  expect(reply.json()).toEqual({
    type: 'urn:sallyport:error:internal',
    title: 'Internal error',
    status: 500,
    detail: 'Internal error',
    instance: reply.headers['x-request-id'],
    reason: 'internal',
  })
  expect(lines.join('')).toContain('hunter2')
})

test('the access log has no ids, queries, tokens or bodies', async () => {
  const lines: string[] = []
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk))
      done()
    },
  })
  await using gateway = await testGateway({
    upstreams: fakeUpstreams(sampleAnswers),
    log: createLogger('gateway', 'debug', sink),
  })
  const canary = 'canary-0123456789abcdef'
  await gateway.app.inject({ url: `/v1/devices?search=${canary}`, headers: bearer })
  await gateway.app.inject({
    url: `/v1/${canary}?q=${canary}`,
    headers: { cookie: `__Host-sallyport=${canary}` },
  })
  await gateway.app.inject({
    method: 'POST',
    url: '/v1/reveal-tickets/redeem',
    headers: { ...bearer, ...json },
    payload: JSON.stringify({ ticket: canary }),
  })
  await gateway.app.inject({
    method: 'POST',
    url: '/v1/login',
    headers: json,
    payload: JSON.stringify({ ...sampleBodies.logIn, password: canary, tenant: { a: canary } }),
  })
  const log = lines.join('')
  expect(lines).toHaveLength(4)
  expect(log).not.toContain(canary)
  expect(log).not.toContain('sps_')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    requestId: expect.any(String),
    method: 'GET',
    route: '/v1/devices',
    status: 200,
  })
})

test('refusals never quote a value', async () => {
  await using gateway = await testGateway()
  const reply = await gateway.app.inject({
    method: 'PUT',
    url: `/v1/credentials/${someId}/secret`,
    headers: { ...bearer, ...json, 'if-match': '"1"' },
    payload: '{"secret":["hunter2"],"encoding":"hunter2","hunter 2":1}',
  })
  expect(reply.statusCode).toBe(400)
  expect(reply.body).not.toMatch(/hunter/)
  expect(reply.json().errors).toContainEqual({ field: 'body.secret', message: 'must be a string' })
})

test('a revealed secret is shown as it is: text as text, bytes as base64, and never stored by a browser', async () => {
  const redeem = async (secret: Buffer) => {
    const upstreams = fakeUpstreams({
      'SecretService/RedeemRevealTicket': () => ({ kind: 1, secret, versionNumber: 4 }),
    })
    await using gateway = await testGateway({ upstreams })
    return gateway.app.inject({
      method: 'POST',
      url: '/v1/reveal-tickets/redeem',
      headers: { ...bearer, ...json },
      payload: '{"ticket":"ticket-0123456789abcdef"}',
    })
  }
  const text = await redeem(Buffer.from('pä$$ "w"\n'))
  expect(text.json()).toEqual({ kind: 'password', versionNumber: 4, secret: 'pä$$ "w"\n', encoding: 'utf-8' })
  expect(text.headers['cache-control']).toBe('no-store')
  const bytes = await redeem(Buffer.from([0xff, 0, 1]))
  expect(bytes.json()).toMatchObject({ secret: '/wAB', encoding: 'base64' })
})

test('a value that this version does not know is not passed on', async () => {
  const upstreams = fakeUpstreams({
    'CredentialService/GetCredential': () => ({
      credential: {
        ...Credential.fromPartial({ id: someId, secretKind: SecretKind.PASSWORD }),
        criticality: 9,
      },
    }),
  })
  await using gateway = await testGateway({ upstreams })
  const reply = await gateway.app.inject({ url: `/v1/credentials/${someId}`, headers: bearer })
  expect(reply.json()).toMatchObject({ status: 500, reason: 'internal' })
})

test('versioned objects carry their version as ETag, and new ones say where they are', async () => {
  await using gateway = await testGateway({ upstreams: fakeUpstreams(sampleAnswers) })
  const read = await gateway.app.inject(readDevice)
  expect(read.headers.etag).toBe('"3"')
  const created = await gateway.app.inject({
    method: 'POST',
    url: '/v1/devices',
    headers: { ...bearer, ...json, 'idempotency-key': 'once-1' },
    payload: JSON.stringify(sampleBodies.createDevice),
  })
  expect(created.headers).toMatchObject({ etag: '"3"', location: `/v1/devices/${someId}` })
  expect(gateway.upstreams.calls.at(-1)?.options).toMatchObject({ idempotencyKey: 'once-1' })
})

test('a policy that is not there yet is made with If-None-Match', async () => {
  await using gateway = await testGateway({ upstreams: fakeUpstreams(sampleAnswers) })
  const put = (headers: Record<string, string>) =>
    gateway.app.inject({
      method: 'PUT',
      url: `/v1/credentials/${someId}/rotation-policy`,
      headers: { ...bearer, ...json, ...headers },
      payload: JSON.stringify(sampleBodies.putRotationPolicy),
    })
  expect((await put({ 'if-none-match': '*' })).statusCode).toBe(200)
  expect(gateway.upstreams.calls.at(-1)?.request).toMatchObject({ version: 0 })
  expect((await put({})).statusCode).toBe(428)
})

test('a harmless X-Request-Id is kept and passed on; any other is replaced', async () => {
  await using gateway = await testGateway({ upstreams: fakeUpstreams(sampleAnswers) })
  const ask = (id: string) =>
    gateway.app.inject({ ...readDevice, headers: { ...bearer, 'x-request-id': id } })
  expect((await ask('build-4711.2')).headers['x-request-id']).toBe('build-4711.2')
  expect(gateway.upstreams.calls.at(-1)?.options).toMatchObject({ requestId: 'build-4711.2' })
  for (const id of ['short', 'a b c d e f', '"}\u00e9{"x":"', 'x'.repeat(65), '-starts-with-dash']) {
    expect((await ask(id)).headers['x-request-id']).toMatch(/^[\da-f-]{36}$/)
  }
})

test('every reply carries the security headers', async () => {
  await using gateway = await testGateway()
  for (const url of ['/v1/me', '/nowhere', '/livez', '/v1/openapi.json']) {
    expect((await gateway.app.inject({ url })).headers).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'strict-transport-security': expect.stringContaining('max-age='),
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
  }
})

test('health is told to everybody: alive always, ready when no service is missing', async () => {
  const missing: string[] = ['vault']
  await using gateway = await testGateway({ missing: async () => missing })
  expect((await gateway.app.inject({ url: '/livez' })).statusCode).toBe(200)
  const unready = await gateway.app.inject({ url: '/readyz' })
  expect(unready.statusCode).toBe(503)
  expect(unready.json()).toEqual({ status: 'unavailable', missing: ['vault'] })
  missing.pop()
  const ready = await gateway.app.inject({ url: '/readyz' })
  expect(ready.statusCode).toBe(200)
  expect(ready.json()).toEqual({ status: 'ok' })
})

test('too many requests are refused, and told when to come back', async () => {
  const limits = { read: 3, write: 1, login: 2, secret: 1, badTokens: 2 }
  await using gateway = await testGateway({ config: { limits } })
  const statuses: number[] = []
  for (let turn = 0; turn < 5; turn += 1) statuses.push((await gateway.app.inject(readDevice)).statusCode)
  expect(statuses).toEqual([404, 404, 404, 429, 429])
  const refused = await gateway.app.inject(readDevice)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect(refused.json()).toMatchObject({ reason: 'request.too_many' })
  const logIn = (remoteAddress: string) =>
    gateway.app.inject({ method: 'POST', url: '/v1/login', headers: json, payload: '{}', remoteAddress })
  const tries = [
    await logIn('192.0.2.1'),
    await logIn('192.0.2.1'),
    await logIn('192.0.2.1'),
    await logIn('192.0.2.2'),
  ]
  expect(tries.map(({ statusCode }) => statusCode)).toEqual([400, 400, 429, 400])
})

test('a source that keeps on presenting bad tokens is not passed on to access-control', async () => {
  const limits = { read: 100, write: 100, login: 100, secret: 100, badTokens: 2 }
  await using gateway = await testGateway({ config: { limits } })
  const guess = () =>
    gateway.app.inject({ url: '/v1/me', headers: { authorization: `Bearer ${'x'.repeat(40)}` } })
  const statuses: number[] = []
  for (let turn = 0; turn < 5; turn += 1) statuses.push((await guess()).statusCode)
  expect(statuses.slice(0, 2)).toEqual([401, 401])
  expect(statuses.slice(3)).toEqual([429, 429])
})
