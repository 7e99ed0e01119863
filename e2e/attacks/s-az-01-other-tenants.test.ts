import { randomUUID } from 'node:crypto'
import { operatorPermissions } from '@sallyport/access-control/domain/roles'
import { isPermission } from '@sallyport/identity/permissions'
import { counted, figure } from '@sallyport/testing/proof'
import { eventually } from '@sallyport/testing/eventually'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Call, callOf, type IdPlace, type OpenApi, type Route, routesOf } from '../support/api-calls.ts'
import { type FurnishedTenant, furnishTenant } from '../support/furnished-tenant.ts'
import { meaningOf } from '../support/meanings.ts'
import { openSmallHost } from '../support/small-host.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { connectSuperuser, type Superuser, tablesOf } from '../support/superuser.ts'

const manyCalls = counted(14_400, 600)
const unlimited = 10_000_000

const stack = new AsyncDisposableStack()
let stage: Stage
let db: Superuser
let red: FurnishedTenant
let blue: FurnishedTenant
let routes: readonly Route[]

beforeAll(async () => {
  const limits = {
    read: unlimited,
    write: unlimited,
    login: unlimited,
    secret: unlimited,
    badTokens: unlimited,
  }
  stage = stack.use(await openStage({ limits }))
  db = stack.use(await connectSuperuser(stage.platform))
  const redHost = stack.use(await openSmallHost())
  const blueHost = stack.use(await openSmallHost())
  blue = await furnishTenant(stage, blueHost, 'blue')
  red = await furnishTenant(stage, redHost, 'red')
  routes = routesOf(await red.admin.api.get<OpenApi>('/openapi.json'))
})
afterAll(() => stack.disposeAsync())

const allIds = async (tenantId: string): Promise<string[]> => {
  const tables = (await tablesOf(db)).filter(
    ({ columns }) => columns.includes('tenant_id') && columns.includes('id'),
  )
  const ids = new Set<string>()
  for (const { sql } of tables) {
    const rows = await db.query(`select id::text from ${sql} where tenant_id::text = $1`, [tenantId])
    for (const { id } of rows) ids.add(String(id))
  }
  return [...ids]
}

/** One digest for each table, over all rows of a tenant. */
const digestsOf = async (tenantId: string): Promise<Record<string, unknown>> => {
  const digests: Record<string, unknown> = {}
  for (const { sql, columns } of await tablesOf(db)) {
    if (!columns.includes('tenant_id')) continue
    const [row] = await db.query(
      `select count(*)::int as rows, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as digest
         from ${sql} t where tenant_id::text = $1`,
      [tenantId],
    )
    digests[sql] = row
  }
  return digests
}

/** Waits until nothing is on its way any more: no event is unsent, and the trail is signed to its end. */
const untilQuiet = (tenantId: string): Promise<Record<string, unknown>> =>
  eventually(async () => {
    const [unsigned] = await db.query(
      `select 1 from audit.heads h where tenant_id = $1 and not exists
         (select from audit.checkpoints c where c.tenant_id = h.tenant_id and c.sequence = h.sequence)`,
      [tenantId],
    )
    expect(unsigned).toBeUndefined()
    const [once, again] = [await digestsOf(tenantId), await digestsOf(tenantId)]
    expect(again).toEqual(once)
    for (const [table, digest] of Object.entries(once)) {
      if (table.endsWith('.outbox')) expect(digest, table).toMatchObject({ rows: 0 })
    }
    return once
  }, 60_000)

describe('S-AZ-01: one tenant’s administrator with the other’s ids', () => {
  /** Versions of the own objects, so that If-Match is never what stops a call. */
  const versions = new Map<string, number>()

  const versionOf = async (call: Call): Promise<number> => {
    const path = call.path
      .replace(/\?.*/, '')
      .replace(/\/(approve|disapprove|cancel|revoke|restart|secret|host-keys)$/, '')
    const known = versions.get(path)
    if (known) return known
    const answer = await red.admin.api.fetch('GET', path).then(
      async response => ((await response.json()) as { version?: number }).version,
      () => undefined,
    )
    versions.set(path, answer ?? 1)
    return answer ?? 1
  }

  type Answer = { status: number; body: unknown }

  const send = async (call: Call): Promise<Answer> => {
    const response = await fetch(`${red.admin.api.baseUrl}/v1${call.path}`, {
      method: call.method,
      headers: {
        authorization: `Bearer ${red.admin.api.token}`,
        'if-match': `"${await versionOf(call)}"`,
        ...(call.body && { 'content-type': 'application/json' }),
      },
      ...(call.body && { body: JSON.stringify(call.body) }),
    })
    const text = await response.text()
    if (response.status === 429) return eventually(() => send(call), 60_000)
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  /** The call with one foreign id; every other id is of the caller’s own tenant, and of the right kind. */
  const attackOf = (route: Route, target: IdPlace, foreign: string): Call =>
    callOf(route, place => {
      if (place === target) return foreign
      const meaning = meaningOf(route, place)
      const isNeeded = place.in === 'path' || isRequired(route, place)
      return isNeeded && meaning ? red.ids[meaning] : undefined
    })

  const isRequired = ({ name }: Route, place: IdPlace): boolean =>
    place.in === 'body'
      ? ['deviceId', 'deviceIds', 'credentialId', 'templateId', 'approverUserIds'].includes(place.name)
      : name === 'explainAccess'

  const withoutInstance = ({ status, body }: Answer): unknown => ({
    status,
    body: JSON.parse(JSON.stringify(body ?? null), (key, value) => (key === 'instance' ? '' : value)),
  })

  // Vault knows no users, and keeps whatever id it is given as the owner's: it tells nothing, and gives nothing.
  const freeReference = 'ownerUserId'

  test('as the owner of a credential is kept without being looked at', async () => {
    const route = routes.find(({ name }) => name === 'updateCredential')
    const place = route?.idPlaces.find(({ name }) => name === freeReference)
    if (!route || !place) throw new Error('There is no owner any more')
    for (const owner of [blue.ids.user, randomUUID()]) {
      const call = attackOf(route, place, owner)
      const { status } = await send({ ...call, body: { [freeReference]: owner } })
      expect(status).toBe(200)
      versions.clear()
    }
  })

  test(`${manyCalls} calls over every route find nothing and change nothing`, async () => {
    const foreign = await allIds(blue.tenantId)
    const attackable = routes.flatMap(route =>
      route.idPlaces.filter(({ name }) => name !== freeReference).map(place => ({ route, place })),
    )
    const seen = new Map<string, number>()
    const absent = new Map<string, unknown>()
    const before = await untilQuiet(blue.tenantId)

    const attack = async ({ route, place }: (typeof attackable)[number], id: string): Promise<void> => {
      const what = `${route.row.url}, ${place.in} ${place.name}`
      seen.set(what, (seen.get(what) ?? 0) + 1)
      const answer = await send(attackOf(route, place, id))
      const forOperators = isPermission(route.row.needs) && operatorPermissions.has(route.row.needs)
      if (answer.status === 200) {
        expect({ what, answer: answer.body }).toEqual({ what, answer: { items: [], nextCursor: null } })
        return
      }
      const expected = forOperators ? 403 : 404
      if (answer.status !== expected)
        throw new Error(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`)
      // INVARIANT: an id of somebody else and an id of nobody get the same answer.
      const nobodys = absent.get(what) ?? withoutInstance(await send(attackOf(route, place, randomUUID())))
      absent.set(what, nobodys)
      expect(withoutInstance(answer), what).toEqual(nobodys)
    }

    const problems: string[] = []
    const attempt = (one: (typeof attackable)[number], id: string): Promise<void> =>
      attack(one, id).catch(
        (error: unknown) => void problems.push(String(error).replaceAll(/"instance":"[^"]+",/g, '')),
      )
    // Every place gets the id of the kind that it is for, and then anything.
    for (const one of attackable) {
      const meaning = meaningOf(one.route, one.place)
      await attempt(one, meaning ? blue.ids[meaning] : blue.tenantId)
    }
    const calls = fc.tuple(fc.constantFrom(...attackable), fc.constantFrom(...foreign, blue.tenantId))
    const rest = fc.sample(calls, { numRuns: manyCalls - attackable.length, seed: 20_261_122 })
    const queue = rest.values()
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (const [one, id] of queue) await attempt(one, id)
      }),
    )
    expect([...new Set(problems)]).toEqual([])
    expect(await digestsOf(blue.tenantId)).toEqual(before)
    expect(new Set(seen.keys()).size).toBe(attackable.length)
    figure(
      'S-AZ-01',
      `${manyCalls} calls to ${attackable.length} places for ids with ${foreign.length} ids of another tenant, 0 found`,
    )
  }, 600_000)
})
