import { declaredMethods } from '../support/method-tables.ts'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import { eventually } from '@sallyport/testing/eventually'
import { figure, isNightly } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenApi, type Route, routesOf } from '../support/api-calls.ts'
import { type FurnishedTenant, furnishTenant } from '../support/furnished-tenant.ts'
import { breakOutboxes, faultNames } from '../support/outbox-fault.ts'
import { openSmallHost } from '../support/small-host.ts'
import { type Scene, type SoundCall, soundCalls } from '../support/sound-calls.ts'
import { type Host, openStage, type Stage } from '../support/stage.ts'
import { connectSuperuser, type Superuser, tablesOf } from '../support/superuser.ts'

const unlimited = 10_000_000
const stack = new AsyncDisposableStack()
let stage: Stage
let db: Superuser
let host: Host
let tenant: FurnishedTenant
let scene: Scene
let routes: readonly Route[]

beforeAll(async () => {
  const limits = {
    read: unlimited,
    write: unlimited,
    login: unlimited,
    secret: unlimited,
    badTokens: unlimited,
  }
  stage = stack.use(await openStage({ limits, logLevel: 'silent' }))
  db = stack.use(await connectSuperuser(stage.platform))
  host = stack.use(await openSmallHost())
  tenant = await furnishTenant(stage, host, 'faulty')
  scene = await soundCalls({ stage, db, host, tenant })
  stack.use(scene.live)
  routes = routesOf(await tenant.admin.api.get<OpenApi>('/openapi.json'))
})
afterAll(() => stack.disposeAsync())

// Reading the evidence is itself recorded; every other reading is not, and goes on.
const recordedReads = [
  'listAuditRecords',
  'getAuditRecord',
  'proveAuditRecord',
  'listCheckpoints',
  'watchSession',
  'downloadRecording',
]
/** It looks at what would be, and changes nothing. */
const previews = ['previewAccessGroup']

// A ticket, a challenge and a session that is not recorded do not last.
const hurry = ({ name }: Route): number =>
  Number(['redeemRevealTicket', 'continueLogin', 'watchSession', 'terminateSession'].includes(name))

const mustRefuse = ({ name, method }: Route): boolean =>
  (method !== 'GET' && !previews.includes(name)) || recordedReads.includes(name)

type Answer = { readonly status: number; readonly text: string }

const send = async ({ by, method, path, body }: SoundCall): Promise<Answer> => {
  const base = `${stage.admin.api.baseUrl}/v1`
  const authorization = by?.api.token && { authorization: `Bearer ${by.api.token}` }
  const version = await fetch(
    base +
      path.replace(/\?.*/, '').replace(/\/(approve|disapprove|cancel|revoke|restart|secret|host-keys)$/, ''),
    {
      headers: { ...authorization },
    },
  ).then(
    async response => ((await response.json()) as { version?: number }).version,
    () => undefined,
  )
  const response = await fetch(base + path, {
    method,
    signal: AbortSignal.timeout(20_000),
    headers: {
      ...authorization,
      'if-match': `"${version ?? 1}"`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, text: await response.text() }
}

/**
 * That somebody looked is no change of anything, nor that a job looked, nor that what was recorded before is signed.
 * Wrong passwords and uses of keys are counted whatever else happens: who can break the trail must not be able to
 * guess for nothing.
 */
const besides = new Set(
  'login_sessions login_challenges login_failures tenant_keys api_tokens operations attempts consumer_offsets checkpoints'.split(
    ' ',
  ),
)

const digests = async (): Promise<Record<string, unknown>> => {
  const found: Record<string, unknown> = {}
  for (const { sql, name, columns } of await tablesOf(db)) {
    if (!columns.includes('tenant_id') || besides.has(name)) continue
    const [row] = await db.query(
      `select count(*)::int as rows, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as digest
         from ${sql} t where tenant_id::text = $1`,
      [tenant.tenantId],
    )
    found[sql] = row
  }
  return found
}

const untilQuiet = (): Promise<Record<string, unknown>> =>
  eventually(async () => {
    const once = await digests()
    expect(await digests()).toEqual(once)
    for (const [table, row] of Object.entries(once))
      if (table.endsWith('.outbox')) expect(row).toMatchObject({ rows: 0 })
    return once
  }, 30_000)

describe('R-05: what cannot be recorded does not happen', () => {
  test('every reading that is recorded is in the list of those that must be refused', () => {
    const recorded = declaredMethods.filter(
      ({ rate, audit, callers }) =>
        ['read', 'secret'].includes(rate) && audit !== 'none' && callers.includes('gateway'),
    )
    const posts = ['AuditService/VerifyChain', 'SessionService/VerifyRecording']
    const secrets = [
      'SecretService/CreateRevealTicket',
      'SecretService/RedeemRevealTicket',
      'GrantService/IssueGrant',
    ]
    const reads = recorded.map(({ name }) => name).filter(name => ![...posts, ...secrets].includes(name))
    expect(reads).toHaveLength(recordedReads.length)
  })

  test.each(faultNames)(
    'with %s every call that changes something or shows a secret is refused, and nothing changes',
    async fault => {
      const some = routes.filter(mustRefuse).toSorted((a, b) => hurry(b) - hurry(a))
      const before = await untilQuiet()
      const wrong: string[] = []
      let refused = 0
      {
        await using _ = await breakOutboxes(db, fault)
        for (const [index, route] of some.entries()) {
          // The first fault meets every call at once; the others only at night.
          if (!isNightly && fault !== 'a full disk' && index % 8 !== 0) continue
          // A challenge is good for one try, whatever comes of it.
          if (fault !== 'a full disk' && route.name === 'continueLogin') continue
          const { status, text } = await send(await scene.callOf(route))
          if (status === 503) refused += 1
          else wrong.push(`${route.name}: ${status} ${text.slice(0, 200)}`)
          if (text.includes(host.account.password) || /"(secret|token)":/.test(text))
            wrong.push(`${route.name} shows a secret`)
        }
        expect(wrong).toEqual([])
        expect(await digests()).toEqual(before)
      }
      figure('R-05', `${refused} of ${routes.length} routes, ${fault}: all 503, nothing changed`)
    },
  )

  test('no new session begins, and the live one ends by itself within 30 seconds', async () => {
    const { items } = await tenant.admin.api.get<{ items: { id: string }[] }>('/sessions?limit=200')
    await using _ = await breakOutboxes(db, 'a full disk')
    const brokenAt = performance.now()
    await expect(runLibraryShell(scene.newcomer)).rejects.toThrow()
    const found = await db.query(
      'select count(*)::int as count from session_proxy.sessions where tenant_id = $1',
      [tenant.tenantId],
    )
    expect(found[0]?.['count']).toBe(items.length)
    if (!isNightly) return
    await scene.live.exit
    const seconds = (performance.now() - brokenAt) / 1_000
    expect(seconds).toBeLessThan(30)
    figure('R-05', `the live session ended after ${seconds.toFixed(1)} s`)
  })
})
