import { afterEach, beforeEach, expect, test } from 'vitest'
import { fakeUpstreams, goodToken } from './fake-upstreams.ts'
import { bearer, json, origin, type TestGateway, testGateway } from './gateway.ts'
import { sampleAnswers } from './sample-answers.ts'
import { sampleBodies } from './sample-bodies.ts'

let gateway: TestGateway
beforeEach(async () => {
  gateway = await testGateway({ upstreams: fakeUpstreams(sampleAnswers) })
})
afterEach(() => gateway[Symbol.asyncDispose]())

const cookie = { cookie: `__Host-sallyport=${goodToken}` }

const finish = (body: object, headers: Record<string, string> = {}) =>
  gateway.app.inject({
    method: 'POST',
    url: '/v1/login/continue',
    headers: { ...json, ...headers },
    payload: JSON.stringify({ ...sampleBodies.continueLogin, ...body }),
  })

test('signing in puts the session token into a cookie that scripts and other sites cannot use', async () => {
  const reply = await finish({})
  expect(reply.json()).toMatchObject({
    step: 'signed-in',
    userName: 'alice',
    expiresAt: '2026-11-21T10:00:00.000Z',
  })
  expect(reply.body).not.toContain('sps_fresh')
  expect(reply.cookies).toEqual([
    expect.objectContaining({
      name: '__Host-sallyport',
      value: 'sps_fresh',
      path: '/',
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
    }),
  ])
  expect(reply.cookies[0]).not.toHaveProperty('domain')
})

test('a program that asks for the token gets it in the reply, and no cookie', async () => {
  const reply = await finish({ transport: 'token' })
  expect(reply.json()).toMatchObject({ step: 'signed-in', token: 'sps_fresh' })
  expect(reply.cookies).toEqual([])
})

test('signing out ends the session and clears the cookie', async () => {
  const reply = await gateway.app.inject({
    method: 'POST',
    url: '/v1/logout',
    headers: { ...cookie, origin },
  })
  expect(reply.statusCode).toBe(204)
  expect(reply.cookies[0]).toMatchObject({ name: '__Host-sallyport', value: '' })
  expect(gateway.upstreams.calls.at(-1)).toMatchObject({ method: 'AuthenticationService/LogOut' })
})

test('a cookie is good for reading, and for writing only from our own pages', async () => {
  const write = (headers: Record<string, string>) =>
    gateway.app.inject({ method: 'POST', url: '/v1/audit/verify', headers: { ...cookie, ...headers } })
  expect((await gateway.app.inject({ url: '/v1/me', headers: cookie })).statusCode).toBe(200)
  expect((await write({ origin })).statusCode).toBe(200)
  for (const foreign of [
    'https://evil.example',
    'null',
    `${origin}.evil.example`,
    origin.toUpperCase(),
    '',
  ]) {
    const reply = await write({ origin: foreign })
    expect(reply.statusCode, foreign).toBe(403)
    expect(reply.json()).toMatchObject({ reason: 'request.origin' })
  }
  expect((await write({})).statusCode).toBe(403)
})

test('another site cannot sign a browser in', async () => {
  expect((await finish({}, { origin: 'https://evil.example' })).statusCode).toBe(403)
  expect((await finish({}, { origin })).statusCode).toBe(200)
})

test('identity comes from nothing but the token', async () => {
  const forged = {
    'x-user': 'root',
    'x-tenant': 'other',
    'x-forwarded-user': 'root',
    'sallyport-caller': 'forged',
    connection: 'sallyport-caller, authorization',
  }
  expect((await gateway.app.inject({ url: '/v1/me', headers: forged })).statusCode).toBe(401)
  await gateway.app.inject({ url: '/v1/me', headers: { ...forged, ...bearer } })
  expect(gateway.upstreams.calls.at(-1)?.options).toMatchObject({
    callerToken: 'caller token for access-control',
  })
})

test('an Authorization header says more than a cookie', async () => {
  const reply = await gateway.app.inject({
    url: '/v1/me',
    headers: { ...cookie, authorization: 'Bearer nobody' },
  })
  expect(reply.statusCode).toBe(401)
})

test('the source address is the connection’s, unless a trusted proxy says otherwise', async () => {
  const ask = async (target: TestGateway, remoteAddress: string): Promise<unknown> => {
    const headers = {
      ...bearer,
      'x-forwarded-for': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
      'x-real-ip': '1.2.3.4',
    }
    await target.app.inject({ url: '/v1/me', headers, remoteAddress })
    return target.upstreams.calls.find(({ method }) => method.endsWith('Authenticate'))?.request
  }
  expect(await ask(gateway, '198.51.100.1')).toMatchObject({ sourceAddress: '198.51.100.1' })
  const config = { trustedProxies: ['192.0.2.0/24'] }
  await using first = await testGateway({ config })
  expect(await ask(first, '192.0.2.1')).toMatchObject({ sourceAddress: '203.0.113.9' })
  await using second = await testGateway({ config })
  expect(await ask(second, '198.51.100.1')).toMatchObject({ sourceAddress: '198.51.100.1' })
})
