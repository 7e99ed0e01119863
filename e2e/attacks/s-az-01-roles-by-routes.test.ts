import { randomBytes, randomUUID } from 'node:crypto'
import type { RouteName } from '@sallyport/gateway/http/routes'
import { counted, figure, isNightly } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Call, callOf, type OpenApi, type Route, routesOf } from '../support/api-calls.ts'
import { connectApi } from '@sallyport/api-client/api'
import { sampleBodies } from '../../services/gateway/tests/sample-bodies.ts'
import { castOfRoles, mintSession, type Somebody } from '../support/cast-of-roles.ts'
import { type FurnishedTenant, furnishTenant, type ObjectName } from '../support/furnished-tenant.ts'
import { meaningOf } from '../support/meanings.ts'
import { openSmallHost } from '../support/small-host.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { connectSuperuser, type Superuser } from '../support/superuser.ts'
import { matrix } from './matrix.ts'

const unlimited = 10_000_000
const limits = {
  read: unlimited,
  write: unlimited,
  login: unlimited,
  secret: unlimited,
  badTokens: unlimited,
}

const stack = new AsyncDisposableStack()
let stage: Stage
let db: Superuser
let red: FurnishedTenant
let blue: FurnishedTenant
let victim: string
let pending: string
let deleted: Partial<Record<ObjectName, string>>
let routes: readonly Route[]
let cast: Somebody[]

beforeAll(async () => {
  stage = stack.use(await openStage({ limits }))
  db = stack.use(await connectSuperuser(stage.platform))
  red = await furnishTenant(stage, stack.use(await openSmallHost()), 'red')
  blue = await furnishTenant(stage, stack.use(await openSmallHost()), 'blue')
  const { api } = red.admin
  victim = (await api.post<{ user: { id: string } }>('/users', { userName: 'victim' })).user.id
  pending = await pendingRequest()
  deleted = await deletedObjects()
  routes = routesOf(await api.get<OpenApi>('/openapi.json'))
  cast = await castOfRoles(db, red)
})
afterAll(() => stack.disposeAsync())

/** Of the victim, to be decided by the administrator who is not in the cast. */
const pendingRequest = async (): Promise<string> => {
  const { api } = red.admin
  await api.post('/access-groups', {
    name: 'asks',
    userIds: [victim],
    criteria: { deviceTags: red.name },
    session: { allowed: true, approvals: 1 },
    approverUserIds: [red.admin.userId],
  })
  const asking = connectApi(api.baseUrl, (await mintSession(db, red.tenantId, victim)).token)
  const { credential: credentialId, device: deviceId } = red.ids
  const body = { credentialId, deviceId, action: 'session', justification: 'Ticket OPS-4711' }
  return (await asking.post<{ id: string }>('/requests', body)).id
}

/** Held by the administrator who is not in the cast. */
const custody = async (): Promise<string> => {
  const { api } = red.admin
  const { items } = await api.get<{ items: { id: string; username: string }[] }>('/credentials?limit=200')
  const exclusive = items.find(({ username }) => username === 'root')
  const body = { deviceId: red.ids.device }
  return (await api.post<{ custodyId: string }>(`/credentials/${exclusive?.id}/reveal`, body)).custodyId
}

/** What can be deleted, deleted. */
const deletedObjects = async (): Promise<Partial<Record<ObjectName, string>>> => {
  const { api } = red.admin
  const gone = async (path: string, body: object): Promise<string> => {
    const made = await api.post<{ id?: string; version?: number; user?: { id: string; version: number } }>(
      path,
      body,
    )
    const { id = '', version } = made.user ?? made
    await api.delete(`${path}/${id}`, version)
    return id
  }
  return {
    user: await gone('/users', { userName: 'gone' }),
    role: await gone('/roles', { name: 'gone', permissions: [] }),
    userGroup: await gone('/user-groups', { name: 'gone' }),
    device: await gone('/devices', { ...sampleBodies.createDevice, name: 'gone' }),
    strengthProfile: await gone('/strength-profiles', { name: 'gone', rules: { length: 24 } }),
    auditDestination: await gone('/audit-destinations', {
      ...sampleBodies.createAuditDestination,
      name: 'gone',
    }),
    template: await gone('/templates', { name: 'gone', executor: 'ssh', source: 'exec "true"\n' }),
  }
}

type State = 'own' | 'deleted' | 'absent' | 'foreign'
type Cell = { readonly route: Route; readonly who: Somebody; readonly state: State }
type Answer = { readonly status: number; readonly reason: string; readonly text: string }

const hasObject = (route: Route): boolean => route.idPlaces.some(place => place.in === 'path')

const objectOf = (route: Route): ObjectName | undefined => {
  const place = route.idPlaces.find(one => one.in === 'path')
  return place && meaningOf(route, place)
}

const statesOf = (route: Route): State[] => {
  if (!hasObject(route)) return ['own']
  const object = objectOf(route)
  return object && deleted[object] ? ['own', 'deleted', 'absent', 'foreign'] : ['own', 'absent', 'foreign']
}

/** An id of the caller's tenant. What a call uses up is made anew for each. */
const ownId = async (object: ObjectName | undefined): Promise<string> => {
  if (object === 'user') return victim
  if (object === 'request') return pending
  if (object === 'custody') return custody()
  if (object === 'loginSession') return (await mintSession(db, red.tenantId, victim)).id
  return object ? red.ids[object] : red.tenantId
}

const idIn = async (route: Route, state: State): Promise<string> => {
  const object = objectOf(route)
  if (state === 'own') return ownId(object)
  if (state === 'absent') return randomUUID()
  if (state === 'deleted') return (object && deleted[object]) ?? ''
  return object ? blue.ids[object] : blue.tenantId
}

const named: ReadonlySet<RouteName> = new Set([
  'createRole',
  'createUserGroup',
  'createAccessGroup',
  'createDevice',
  'createStrengthProfile',
  'createTemplate',
  'createAuditDestination',
])

/** Bodies that ask for nothing which the caller could lack for another reason than the row's. */
const bodyOf = (route: Route, who: Somebody, body: Call['body']): Call['body'] => {
  const unique = `x-${randomBytes(6).toString('hex')}`
  if (named.has(route.name))
    return { ...body, name: unique, ...(route.name === 'createRole' && { permissions: [] }) }
  if (route.name === 'createUser') return { userName: unique }
  if (route.name === 'createApiToken') return { ...body, permissions: [] }
  if (route.name === 'createCredential') return { ...body, username: unique }
  if (route.name === 'updateUserGroup' || route.name === 'updateUser') return { ...body, userIds: undefined }
  // A key of somebody's own, which is nobody else's.
  if (route.name === 'addSshKey') return { name: who.name.slice(0, 60), publicKey }
  return body
}

const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8Ht8Z3j6yDWPBHQtOp/R9rjWvfMYo3MSA/K6q8D86r'

const send = async ({ route, who, state }: Cell): Promise<Answer> => {
  const id = await idIn(route, state)
  const call = callOf(route, place => {
    if (place.in === 'path') return id
    if (place.in === 'query')
      return route.name === 'explainAccess' ? red.ids[meaningOf(route, place) ?? 'user'] : undefined
    if (/^(owner|parent|privileged|strength)/.test(place.name)) return undefined
    const meaning = meaningOf(route, place)
    return meaning === 'user' ? victim : meaning && red.ids[meaning]
  })
  const body = bodyOf(route, who, call.body)
  // Leaving is for ever: with a login for that alone.
  const token =
    route.name === 'logOut' && who.kind === 'person'
      ? (await mintSession(db, red.tenantId, who.userId)).token
      : who.token
  const response = await fetch(`${stage.platform.apiUrl}/v1${call.path}`, {
    method: call.method,
    headers: {
      // A version that nothing has: who gets as far as that changes nothing.
      'if-match': '"2000000000"',
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (response.headers.get('content-type') === 'text/event-stream') {
    await response.body?.cancel()
    return { status: response.status, reason: '', text: '' }
  }
  const text = await response.text()
  const problem = (response.status < 400 ? {} : JSON.parse(text)) as { reason?: string }
  return {
    status: response.status,
    reason: problem.reason ?? '',
    text: text.replace(/"instance":"[^"]*"/, '"instance":""'),
  }
}

type Expected = 'passes' | '401' | '403' | '404'

const refusals: readonly Expected[] = ['401', '403', '404']

/** What the matrix says of a cell, before anything is known of the object. */
const expectedOf = ({ route, who, state }: Cell): Expected => {
  const { may, refused, also } = matrix[route.name]
  if (may === 'anybody') return 'passes'
  if (who.kind === 'nobody') return '401'
  const passes =
    typeof may === 'string'
      ? may === 'signed-in' || who.kind === 'person'
      : may.some(permission => who.permissions.has(permission))
  if (passes && also && !who.permissions.has(also)) return '403'
  if (passes) return state === 'own' ? 'passes' : '404'
  if (refused === 'all') return '403'
  if (refused === 'programs') return who.kind === 'program' ? '403' : '404'
  const learns = state === 'own' && refused.some(permission => who.permissions.has(permission))
  return learns ? '403' : '404'
}

/** Refusals that are about something else than who calls. */
const notAboutRights = new Set(['login.failed', 'password.wrong'])

const outcomeOf = ({ status, reason }: Answer): Expected => {
  if (notAboutRights.has(reason)) return 'passes'
  return refusals.find(refusal => refusal === String(status)) ?? 'passes'
}

describe('S-AZ-01: every role meets exactly its routes', { timeout: isNightly ? 1_200_000 : 120_000 }, () => {
  test('the matrix has a line for each route, and no other', () => {
    expect(Object.keys(matrix).toSorted()).toEqual(routes.map(({ name }) => name).toSorted())
  })

  test('as the matrix says, whatever the object’s state', async () => {
    const cells = routes.flatMap(route =>
      cast.flatMap(who => statesOf(route).map((state): Cell => ({ route, who, state }))),
    )
    const chosen = isNightly ? cells : someOf(cells)
    const absent = new Map<string, string>()
    const wrong: string[] = []
    const check = async (cell: Cell): Promise<void> => {
      const { route, who, state } = cell
      const answer = await send(cell)
      const what = `${who.name}: ${route.row.url} (${state})`
      const [expected, outcome] = [expectedOf(cell), outcomeOf(answer)]
      if (outcome !== expected)
        wrong.push(`${what}: ${expected} was declared, ${answer.status} ${answer.reason} came`)
      // INVARIANT: an id of another tenant, or of what is gone, gets the answer of one that nobody ever had.
      if (state !== 'deleted' && state !== 'foreign') return
      const key = `${route.name} ${who.name}`
      const nobodys = absent.get(key) ?? (await send({ ...cell, state: 'absent' })).text
      absent.set(key, nobodys)
      if (answer.text !== nobodys) wrong.push(`${what}: ${answer.text} is not ${nobodys}`)
    }
    // A custody that one of these ends is the one that the next of them would end.
    const isAlone = ({ route }: Cell): boolean => route.name === 'forceCheckIn'
    for (const cell of chosen.filter(isAlone)) await check(cell)
    const queue = chosen.filter(cell => !isAlone(cell)).values()
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (const cell of queue) await check(cell)
      }),
    )
    expect(wrong).toEqual([])
    figure(
      'S-AZ-01',
      `${chosen.length} of ${cells.length} cells: ${cast.length} roles by ${routes.length} routes by states, 0 differ`,
    )
  })
})

/**
 * On the gate: nobody, who may least, who may most and who has nothing but the permission that is needed, on what is
 * there; of the rest one in twenty-five.
 */
const someOf = (cells: readonly Cell[]): Cell[] => {
  const always: readonly string[] = ['nobody', 'user', 'administrator']
  const isOfMain = ({ who, route, state }: Cell): boolean => {
    const { may } = matrix[route.name]
    const hasJustThat = typeof may !== 'string' && may.some(permission => permission === who.name)
    return state === 'own' && (always.includes(who.name) || hasJustThat)
  }
  const main = new Set(cells.filter(isOfMain))
  const rest = cells.filter(cell => !main.has(cell))
  return [
    ...main,
    ...fc.sample(fc.constantFrom(...rest), {
      numRuns: counted(rest.length, Math.ceil(rest.length / 25)),
      seed: 20_261_122,
    }),
  ]
}
