import { randomUUID } from 'node:crypto'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { RouteName } from '@sallyport/gateway/http/routes'
import { routeRows } from '@sallyport/gateway/http/routes'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Call, callOf, type IdPlace, type OpenApi, type Route, routesOf } from './support/api-calls.ts'
import { type Document, documentedApi, type DocumentedApi } from './support/documented.ts'
import { loginAt } from './support/door.ts'
import { furnishTenant, type FurnishedTenant } from './support/furnished-tenant.ts'
import { misfitsOf } from '../services/gateway/tests/json-schema.ts'
import { meaningOf } from './support/meanings.ts'
import { openSmallHost } from './support/small-host.ts'
import { allow, type Host, openStage, type Stage } from './support/stage.ts'
import { access, destinations, evidence } from './support/story/access.ts'
import { type Cast, speaker } from './support/story/cast.ts'
import { inventory, reveals, rotations } from './support/story/inventory.ts'
import { directory, ownAccount, platform, signIn, signOut } from './support/story/people.ts'

const unlimited = 10_000_000

const stack = new AsyncDisposableStack()
let stage: Stage
let host: Host
let tenant: FurnishedTenant
let document: Document
let api: DocumentedApi
let routes: readonly Route[]
/** Somebody without any permission. */
let powerless: string | undefined

beforeAll(async () => {
  const limits = {
    read: unlimited,
    write: unlimited,
    login: unlimited,
    secret: unlimited,
    badTokens: unlimited,
  }
  stage = stack.use(await openStage({ limits }))
  host = stack.use(await openSmallHost())
  tenant = await furnishTenant(stage, host, 'acme')
  document = await stage.admin.api.get<Document>('/openapi.json')
  api = documentedApi(stage.platform.apiUrl, document)
  routes = routesOf(await stage.admin.api.get<OpenApi>('/openapi.json'))
  powerless = await newcomer('walt')
})
afterAll(() => stack.disposeAsync())

const newcomer = async (userName: string): Promise<string | undefined> => {
  const { initialPassword } = await tenant.admin.api.post<{ initialPassword: string }>('/users', { userName })
  const baseUrl = stage.platform.apiUrl
  return (await signInFirst(baseUrl, { tenant: tenant.name, userName, initialPassword })).api.token
}

type Problem = { status: number; reason: string; errors?: { field: string }[] }
type Answer = { status: number; type: string; problem: Problem; misfits: readonly string[] }

/** Sends a call as it is, and compares the refusal with the document. */
const send = async (
  { method, path, body }: Call,
  headers: Record<string, string>,
  payload: string | undefined = body && JSON.stringify(body),
): Promise<Answer> => {
  const response = await fetch(`${stage.platform.apiUrl}/v1${path}`, {
    method,
    headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(payload !== undefined && { body: payload }),
  })
  const text = await response.text()
  const problem = (text === '' ? {} : JSON.parse(text)) as Problem
  const { schemas } = document.components
  const misfits = response.status < 400 ? [] : misfitsOf(problem, schemas['Problem'] ?? {}, schemas)
  return { status: response.status, type: response.headers.get('content-type') ?? '', problem, misfits }
}

const bearer = (token: string | undefined): Record<string, string> => ({ authorization: `Bearer ${token}` })
const asAdmin = (): Record<string, string> => bearer(tenant.admin.api.token)

const optional = new Set(['ownerUserId', 'parentCredentialId', 'privilegedCredentialId', 'strengthProfileId'])

const nobody = (): string => randomUUID()

/** A call with ids of the caller's tenant, or with one that nobody has. */
const callWith = (route: Route, idAt?: (place: IdPlace) => string): Call =>
  callOf(route, place => {
    if (place.in === 'query' && route.name !== 'explainAccess') return undefined
    if (place.in === 'body' && optional.has(place.name)) return undefined
    const meaning = meaningOf(route, place)
    return idAt?.(place) ?? (meaning ? tenant.ids[meaning] : randomUUID())
  })

const expectProblem = (route: Route, answer: Answer, status: number): void => {
  const { problem, ...found } = answer
  const type = 'application/problem+json; charset=utf-8'
  expect({ route: route.name, ...found }).toEqual({ route: route.name, status, type, misfits: [] })
  expect(problem.status, route.name).toBe(status)
  expect(Object.keys(operationOf(route.name).responses), route.name).toContain(String(status))
}

const operationOf = (name: RouteName) => {
  const found = Object.values(document.paths)
    .flatMap(methods => Object.values(methods))
    .find(({ operationId }) => operationId === name)
  if (!found) throw new Error(`${name} is not documented`)
  return found
}

test('the document of the running platform is valid OpenAPI 3.1, and has every route', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone({ ...document }))
  expect(errors).toBeUndefined()
  expect(valid).toBe(true)
  expect(routes.map(({ name }) => name).toSorted()).toEqual(Object.keys(routeRows).toSorted())
})

describe('what every route refuses', () => {
  const guarded = () => routes.filter(({ row }) => row.needs !== 'nothing')
  const withBody = () => routes.filter(route => callWith(route).body !== undefined)

  test('somebody who is not signed in: 401', async () => {
    for (const route of guarded()) {
      expectProblem(route, await send(callWith(route), {}), 401)
      expectProblem(route, await send(callWith(route), bearer('x'.repeat(43))), 401)
    }
  })

  test('somebody who lacks the permission: 403', async () => {
    const privileged = guarded().filter(({ row }) => row.needs !== 'sign-in')
    for (const route of privileged) {
      const answer = await send(callWith(route), { ...bearer(powerless), 'if-match': '"1"' })
      // Evidence of others is invisible to those who may not see it: it is not even refused.
      const invisible = route.pattern.startsWith('/sessions/')
      expectProblem(route, answer, invisible ? 404 : 403)
    }
    console.log(`openapi: ${privileged.length} routes refused somebody without their permission`)
  })

  test('the objects of others, where signing in is enough: 404', async () => {
    const own = guarded().filter(
      ({ row, idPlaces }) => row.needs === 'sign-in' && idPlaces.some(at => at.in === 'path'),
    )
    for (const route of own) {
      const headers = { ...bearer(powerless), 'if-match': '"1"' }
      const answer = await send(callWith(route), headers)
      expectProblem(route, answer, answer.status === 403 ? 403 : 404)
      // It must not tell whether there is such an object.
      const nobodys = await send(callWith(route, nobody), headers)
      expect([nobodys.status, nobodys.problem.reason], route.name).toEqual([
        answer.status,
        answer.problem.reason,
      ])
    }
  })

  test('an id that nobody has: 404', async () => {
    for (const route of guarded().filter(({ idPlaces }) => idPlaces.some(at => at.in === 'path'))) {
      const isOperators = ['tenant.manage', 'key.rotate'].includes(route.row.needs)
      const headers = isOperators ? bearer(stage.admin.api.token) : asAdmin()
      const { body } = callWith(route)
      const call = { ...callWith(route, nobody), ...(body && { body }) }
      expectProblem(route, await send(call, { ...headers, 'if-match': '"1"' }), 404)
    }
  })

  test('a body that is not as documented: 400, with the fields', async () => {
    for (const route of withBody()) {
      const headers = { ...asAdmin(), 'if-match': '"1"' }
      const body = { ...callWith(route).body, isAdmin: true }
      const answer = await send({ ...callWith(route), body }, headers)
      expectProblem(route, answer, 400)
      expect(answer.problem.errors?.length, route.name).toBeGreaterThan(0)
      const broken = await send(callWith(route), headers, '{"name": ')
      expectProblem(route, broken, 400)
    }
  })

  test('a query that is not as documented: 400', async () => {
    for (const route of guarded()) {
      const call = callWith(route)
      const path = `${call.path}${call.path.includes('?') ? '&' : '?'}debug=true`
      expectProblem(route, await send({ ...call, path }, { ...asAdmin(), 'if-match': '"1"' }), 400)
    }
  })

  test('another content type: 415', async () => {
    for (const route of withBody()) {
      const headers = { ...asAdmin(), 'content-type': 'text/plain' }
      expectProblem(route, await send(callWith(route), headers), 415)
    }
  })

  test('a change without If-Match: 428; and of what somebody else changed: 412', async () => {
    for (const route of routes.filter(({ row }) => row.ifMatch)) {
      const isOperators = route.row.needs === 'tenant.manage'
      const headers = isOperators ? bearer(stage.admin.api.token) : asAdmin()
      const call = isOperators ? callWith(route, () => tenant.tenantId) : callWith(route)
      expectProblem(route, await send(call, headers), 428)
      const stale = await send(call, { ...headers, 'if-match': '"2000000000"' })
      // What is over cannot be changed in any version.
      const isOver = route.name.endsWith('Operation') || stale.problem.reason.startsWith('access_request.')
      if (!isOver) expectProblem(route, stale, 412)
      else expect([403, 409], route.name).toContain(stale.status)
    }
  })

  test('an Idempotency-Key for something else: 409; the same again: the same answer, once', async () => {
    const withSecret = ['createApiToken', 'createUser']
    for (const route of routes.filter(({ name }) => creators.has(name))) {
      const headers = { ...asAdmin(), 'idempotency-key': `key-${route.name}` }
      const call = callWith(route)
      const named = (name: string): Call => ({
        ...call,
        body: { ...call.body, [creators.get(route.name) ?? 'name']: `${name}-${route.name.toLowerCase()}` },
      })
      const first = await send(named('one'), headers)
      expect(first.status, `${route.name} ${JSON.stringify(first.problem)}`).toBe(201)
      const second = await send(named('one'), headers)
      if (withSecret.includes(route.name)) expectProblem(route, second, 409)
      else expect(second, route.name).toEqual(first)
      expectProblem(route, await send(named('other'), headers), 409)
    }
  })

  /** What creates something, and the field that tells one from another. */
  const creators: ReadonlyMap<RouteName, string> = new Map([
    ['createApiToken', 'name'],
    ['createUser', 'userName'],
    ['createRole', 'name'],
    ['createUserGroup', 'name'],
    ['createAccessGroup', 'name'],
    ['createDevice', 'name'],
    ['createCredential', 'username'],
    ['createStrengthProfile', 'name'],
    ['createTemplate', 'name'],
    ['createAuditDestination', 'name'],
  ])
})

test('every route answers a good request with the documented success', async () => {
  const cast: Cast = {
    stage,
    tenant,
    host,
    anybody: speaker(api),
    operator: speaker(api, stage.admin.api.token),
    admin: speaker(api, tenant.admin.api.token),
  }
  const { userName, password: initialPassword } = await signIn(cast)
  const dora = await signInFirst(stage.platform.apiUrl, { tenant: tenant.name, userName, initialPassword })
  await directory(cast)
  await platform(cast)
  await inventory(cast)
  await reveals(cast)
  await rotations(cast, check => eventually(check, 30_000))
  await access(cast, speaker(api, dora.api.token), dora.userId)
  await allow(tenant.admin.api, tenant.name, [dora], { session: { allowed: true } })
  await using shell = await liveShell({ ...dora, password: initialPassword })
  await destinations(cast)
  await evidence(cast, await shell.sessionId())
  await ownAccount(cast)
  await signOut(cast, speaker(api, dora.api.token), dora.userId)
  expect([...api.proved].toSorted()).toEqual(Object.keys(routeRows).toSorted())
  console.log(`openapi: all ${api.proved.size} routes answered as documented`)
})

type LiveShell = AsyncDisposable & { readonly sessionId: () => Promise<string> }

const liveShell = async (person: Person): Promise<LiveShell> => {
  const { name, admin, ids } = tenant
  const device = await admin.api.get<{ name: string }>(`/devices/${ids.device}`)
  const login = await loginAt(stage.platform, person, host.account, { deviceName: device.name })
  const shell = await runLibraryShell({ ...login, loginName: `${name}/${login.loginName}` })
  return {
    sessionId: () =>
      eventually(async () => {
        const { items } = await admin.api.get<{ items: { id: string }[] }>('/sessions?state=live')
        return items[0]?.id
      }),
    [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
  }
}
