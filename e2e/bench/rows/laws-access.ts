import { randomUUID } from 'node:crypto'
import { sweep } from '@sallyport/access-control/background/sweep'
import { PrismaClient } from '@sallyport/access-control/generated/prisma/client'
import { policyOf } from '@sallyport/access-control/store/policy'
import { createStore } from '@sallyport/access-control/store/store'
import { RequestScope, RequestState } from '@sallyport/contracts/access_control/v1/access'
import { openPool } from '@sallyport/database/pool'
import { prismaAdapter } from '@sallyport/database/prisma'
import { type AccessScene, openAccessScene } from '../access/scene.ts'
import { decisionMicroseconds } from '../decisions/time.ts'
import { load } from '../load.ts'
import { logLogSlope } from '../pairs.ts'
import type { Measurement, Row, Side } from '../row.ts'

const ours = (value: number, name = 'ours'): Side => ({ name, value, cpuSeconds: 0, residentMegabytes: 0 })

const inProcess = async (): Promise<Measurement[]> => {
  const base = { users: 1_000, groups: 10_000, credentials: 1_000_000 }
  const points: { x: number; y: number }[] = []
  for (const groups of [10, 100, 1_000, 10_000]) {
    points.push({ x: groups, y: await decisionMicroseconds({ ...base, groups }) })
  }
  const slope = logLogSlope(points)
  const few = await decisionMicroseconds({ ...base, credentials: 10_000, users: 10_000 })
  const many = await decisionMicroseconds({ ...base, credentials: 1_000_000, users: 50_000 })
  return [
    {
      what: 'decision: 10 to 10,000 access groups',
      unit: 'slope',
      ours: ours(slope),
      target: '≤ 0.1',
      reached: slope <= 0.1,
      note: points.map(({ x, y }) => `${x}: ${y.toFixed(1)} µs`).join(', '),
    },
    {
      what: 'decision: 1 M credentials and 50 k users',
      unit: 'µs',
      ours: ours(many),
      peer: ours(few, 'with 10 k of both'),
      ratio: many / few,
      target: '≤ 1.3 ×',
      reached: many / few <= 1.3,
    },
  ]
}

/** Access groups of which nobody who is asked about is a member, besides those of before. */
const addGroups = async (
  { database, tenantId }: AccessScene,
  count: number,
  member?: string,
): Promise<void> => {
  const rule = JSON.stringify({ allowed: true, justification: false, approvals: 0, maxWindowSeconds: 28_800 })
  const fields = ['deviceName', 'deviceAddress', 'deviceTags', 'deviceType', 'deviceSite']
  const more = ['credentialUsername', 'credentialTags', 'credentialType', 'credentialCriticality']
  const criteria = JSON.stringify(Object.fromEntries([...fields, ...more].map(field => [field, ''])))
  await database.superuser.query(
    `insert into access_control.access_groups (id, tenant_id, name, description, user_ids, user_group_ids, criteria,
       view_rule, session_rule, approver_user_ids, approver_group_ids, version, created_at, updated_at)
     select gen_random_uuid(), $1, gen_random_uuid()::text, '', array[coalesce($2::uuid, gen_random_uuid())], '{}',
       $3::jsonb, $4::jsonb, $4::jsonb, '{}', '{}', 1, now(), now() from generate_series(1, $5::int)`,
    [tenantId, member ?? null, criteria, rule, count],
  )
  await database.superuser.query('analyze access_control.access_groups; analyze access_control.memberships')
}

const firstRead = async (scene: AccessScene): Promise<Measurement> => {
  const user = { id: scene.users[0]?.id ?? '', userName: 'bench' }
  await using pool = openPool({ url: scene.database.url('access_control', 'app'), applicationName: 'bench' })
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, 'access_control') })
  const store = createStore(prisma, pool)
  const time = async (): Promise<number> =>
    (await load(300, 1, () => store.inTenant(scene.tenantId, async tx => void (await policyOf(tx, user)))))
      .p50
  await addGroups(scene, 5, user.id)
  const points: { x: number; y: number }[] = []
  let groups = 5
  for (const size of [10, 100, 1_000, 10_000]) {
    await addGroups(scene, size - groups)
    groups = size
    points.push({ x: size, y: await time() })
  }
  await prisma.$disconnect()
  const slope = logLogSlope(points)
  return {
    what: 'a user’s groups read from PostgreSQL: 10 to 10,000 access groups',
    unit: 'slope',
    ours: ours(slope),
    target: '≤ 0.1',
    reached: slope <= 0.1,
    note: points.map(({ x, y }) => `${x}: ${y.toFixed(2)} ms`).join(', '),
  }
}

const addPending = async (
  { database, tenantId }: AccessScene,
  count: number,
  approver: string,
): Promise<void> => {
  await database.superuser.query(
    `insert into access_control.requests (id, tenant_id, requester_id, requester_name, credential_id, device_id, target,
       action, state, justification, requested_start, requested_end, start_at, end_at, approvals_needed,
       max_window_seconds, approver_user_ids, approver_group_ids, version, created_at)
     select gen_random_uuid(), $1, gen_random_uuid(), 'someone', gen_random_uuid(), gen_random_uuid(),
       '{"credentialId":"","deviceId":"","username":"","domain":"","credentialType":"","credentialTags":[],"criticality":"",
         "deviceName":"","deviceAddress":"","deviceType":"","deviceSite":"","deviceTags":[]}',
       'session', 'pending', 'because I must', now(), now() + interval '8 hours', now(), now() + interval '8 hours', 3,
       28800, array[$3::uuid], '{}', 1, now() from generate_series(1, $2::int)`,
    [tenantId, count, approver],
  )
  await database.superuser.query('analyze access_control.requests')
}

const withPending = async (scene: AccessScene, most: number): Promise<Measurement[]> => {
  const approver = scene.users[0]?.id ?? ''
  const by = await scene.by(0)
  const inbox = async (): Promise<number> =>
    (
      await load(20, 1, async () => {
        const asked = {
          scope: RequestScope.TO_DECIDE,
          state: RequestState.UNSPECIFIED,
          page: { size: 50, cursor: '' },
        }
        const { requests } = await scene.requests.listRequests(asked, by)
        if (requests.length !== 50) throw new Error(`${requests.length} requests`)
      })
    ).p50
  await using workerPool = openPool({
    url: scene.database.url('access_control', 'worker'),
    applicationName: 'bench',
  })
  // Nothing is due, so nothing else is needed.
  const nothing = (): never => {
    throw new Error('nothing is due')
  }
  const prisma = new PrismaClient({ adapter: prismaAdapter(workerPool, 'access_control') })
  const store = createStore(prisma, workerPool)
  const targets = { get: nothing, find: nothing, page: nothing }
  const tick = async (): Promise<number> =>
    (await load(100, 1, () => sweep({ store, targets, clock: { now: () => new Date() }, workerPool }))).p50
  await addPending(scene, 1_000, approver)
  const [inboxFew, tickFew] = [await inbox(), await tick()]
  // Others' requests, among which the approver's own must be found.
  await addPending(scene, most, randomUUID())
  const [inboxMany, tickMany] = [await inbox(), await tick()]
  const size = most.toLocaleString('en')
  return [
    {
      what: `an approver’s inbox of 1,000, with ${size} requests of others pending`,
      unit: 'ms',
      ours: ours(inboxMany),
      peer: ours(inboxFew, 'without them'),
      ratio: inboxMany / inboxFew,
      target: '≤ 1.3 ×',
      reached: inboxMany / inboxFew <= 1.3,
    },
    {
      what: `a tick of the sweeper with ${size} windows that are not over`,
      unit: 'ms',
      ours: ours(tickMany),
      peer: ours(tickFew, 'with 1,000'),
      ratio: tickMany / tickFew,
      target: '≤ 1 ms',
      reached: tickMany <= 1,
    },
  ]
}

export const row: Row = {
  id: 'LAWS-ACCESS',
  title: 'what decisions, the inbox and the sweeper grow with',
  run: async effort => {
    const decisions = await inProcess()
    await using scene = await openAccessScene(2)
    const pending = await withPending(scene, effort.quick ? 100_000 : 1_000_000)
    return [...decisions, await firstRead(scene), ...pending]
  },
}
