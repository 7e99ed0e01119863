import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RouteName, routeRows } from '../src/http/routes.ts'
import type { RouteRow } from '../src/http/route-row.ts'
import { fakeUpstreams } from './fake-upstreams.ts'
import { bearer, json, type TestGateway, testGateway } from './gateway.ts'
import { sampleAnswers } from './sample-answers.ts'
import { sampleBodies, sampleQueries, someId } from './sample-bodies.ts'

type Route = {
  name: RouteName
  row: RouteRow
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  body: object | undefined
}

const names = Object.keys(routeRows) as RouteName[]

const routes = names.map((name): Route => {
  const row = routeRows[name]
  const [method, pattern] = row.url.split(' ') as [Route['method'], string]
  const path = pattern.replace(':id', someId).replace(':sequence', '12')
  const query = sampleQueries[name]
  return { name, row, method, path: query ? `${path}?${query}` : path, body: sampleBodies[name] }
})

const guarded = routes.filter(({ row }) => row.needs !== 'nothing')
const withBody = routes.filter(({ body }) => body !== undefined)
const versioned = routes.filter(({ row }) => row.ifMatch)
const withId = routes.filter(({ row }) => row.url.includes(':id'))

let gateway: TestGateway
let silent: TestGateway
beforeAll(async () => {
  gateway = await testGateway({ upstreams: fakeUpstreams(sampleAnswers) })
  silent = await testGateway()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await silent[Symbol.asyncDispose]()
})

const send = (
  { method, path, body }: Pick<Route, 'method' | 'path' | 'body'>,
  headers: Record<string, string> = {},
  to = gateway,
) =>
  to.app.inject({
    method,
    url: path,
    headers: { ...(body && json), ...headers },
    ...(body && { payload: JSON.stringify(body) }),
  })

const signedIn = ({ row }: Route): Record<string, string> => ({
  ...bearer,
  ...(row.ifMatch && { 'if-match': '"3"' }),
})

describe.each(routes)('$row.url', route => {
  test('answers a good request as documented', async () => {
    const reply = await send(route, signedIn(route))
    const documented = Object.keys(
      gateway.app.swagger().paths?.[openApiPath(route)]?.[lower(route)]?.responses ?? {},
    )
    expect(reply.statusCode, reply.body).toBeLessThan(300)
    expect(documented).toContain(String(reply.statusCode))
    expect(reply.headers['x-request-id']).toMatch(/^[\w-]{8,}$/)
    expect(reply.headers['cache-control']).toBe('no-store')
  })
})

test.each(guarded)('nobody gets into $row.url without signing in', async route => {
  const before = gateway.upstreams.calls.length
  for (const headers of [
    {},
    { authorization: 'Bearer x' },
    { authorization: 'Basic YTpi' },
    { cookie: 'a=b' },
  ]) {
    const reply = await send(route, headers)
    expect(reply.statusCode).toBe(401)
    expect(reply.json()).toMatchObject({ reason: 'caller.unauthenticated', status: 401 })
    expect(reply.headers['www-authenticate']).toBe('Bearer')
  }
  expect(gateway.upstreams.calls.length).toBe(before)
})

test.each(guarded)('$row.url asks for caller tokens of just the services that it calls', async route => {
  gateway.upstreams.calls.length = 0
  await send(route, signedIn(route))
  const [first, ...rest] = gateway.upstreams.calls
  expect(first).toMatchObject({
    method: 'AuthenticationService/Authenticate',
    request: { audiences: route.row.to },
  })
  // A token travels with its call, or inside one to a service that calls on in the caller's name.
  const sent = rest.flatMap(({ request, options }) => [
    options.callerToken,
    ...Object.values(Object(request)),
  ])
  const tokens = sent.map(String).filter(value => value.startsWith('caller token'))
  expect(tokens.toSorted()).toEqual(route.row.to.map(name => `caller token for ${name}`))
})

test.each(withBody)('$row.url takes one content type and no other', async route => {
  const types = [
    'text/plain',
    'application/xml',
    'application/json\t',
    'application/json;',
    'application/json; x=y',
  ]
  for (const type of [
    ...types,
    ' multipart/form-data',
    'application/json, text/plain',
    'application/jsonx',
  ]) {
    const reply = await send(route, { ...signedIn(route), 'content-type': type })
    expect(reply.statusCode, type).toBe(415)
    expect(reply.json()).toMatchObject({ reason: 'request.media_type' })
  }
  const untyped = await gateway.app.inject({
    method: route.method,
    url: route.path,
    headers: signedIn(route),
    payload: '{}',
  })
  expect(untyped.statusCode).toBe(415)
})

test.each(withBody)('$row.url refuses an unknown field', async route => {
  const reply = await send({ ...route, body: { ...route.body, isAdmin: true } }, signedIn(route))
  expect(reply.statusCode).toBe(400)
  expect(reply.json().errors).toContainEqual({ field: 'body', message: 'has an unknown field: isAdmin' })
})

test.each(guarded.filter(({ body }) => body === undefined))(
  '$row.url refuses what it does not take',
  async route => {
    if (route.method !== 'GET') {
      const reply = await send({ ...route, body: { a: 1 } }, signedIn(route))
      expect(reply.statusCode).toBe(400)
    }
    const query = route.path.includes('?') ? '&' : '?'
    const reply = await send({ ...route, path: `${route.path}${query}debug=true` }, signedIn(route))
    expect(reply.statusCode).toBe(400)
  },
)

test.each(versioned)('$row.url needs If-Match', async route => {
  const missing = await send(route, bearer)
  expect(missing.statusCode).toBe(428)
  expect(missing.json()).toMatchObject({ reason: 'request.version_required' })
  for (const tag of ['3', '*', 'W/"3"', '"03"', '"x"', '"3", "4"', '"99999999999"']) {
    expect((await send(route, { ...bearer, 'if-match': tag })).statusCode, tag).toBe(400)
  }
  gateway.upstreams.calls.length = 0
  await send(route, { ...bearer, 'if-match': '"41"' })
  expect(gateway.upstreams.calls.at(-1)?.request).toMatchObject({ version: 41 })
})

test.each(withId)('$row.url does not tell an id that is no id from one that nobody has', async route => {
  const strange = ['x', '1', '..%2f..', '%00', "'or'1'='1", `${someId}0`, 'null', '[object%20Object]']
  for (const id of strange) {
    const reply = await send({ ...route, path: route.path.replace(someId, id) }, signedIn(route), silent)
    expect([404, 400], `${id}: ${reply.body}`).toContain(reply.statusCode)
  }
  const absent = await send(route, signedIn(route), silent)
  const noId = await send({ ...route, path: route.path.replace(someId, 'x') }, signedIn(route), silent)
  const { instance: _a, ...first } = absent.json()
  const { instance: _b, ...second } = noId.json()
  expect(first).toEqual(second)
})

const openApiPath = ({ row }: Route): string => row.url.replace(/^\w+ /, '').replace(/:(\w+)/g, '{$1}')
const lower = ({ method }: Route): 'get' | 'post' | 'put' | 'patch' | 'delete' =>
  method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'
