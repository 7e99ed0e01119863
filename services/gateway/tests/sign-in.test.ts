import { afterEach, beforeEach, expect, test } from 'vitest'
import { fakeUpstreams, goodToken } from './fake-upstreams.ts'
import { json, origin, type TestGateway, testGateway } from './gateway.ts'
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

test('an Authorization header says more than a cookie', async () => {
  const reply = await gateway.app.inject({
    url: '/v1/me',
    headers: { ...cookie, authorization: 'Bearer nobody' },
  })
  expect(reply.statusCode).toBe(401)
})
