import { randomUUID } from 'node:crypto'
import { prismaAdapter } from '@sallyport/database/prisma'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileCriteria, type Target } from '../src/domain/criteria.ts'
import { type AccessGroup, type Action, decide, type Rule } from '../src/domain/decision.ts'
import { PrismaClient } from '../src/generated/prisma/client.ts'
import { createPolicies } from '../src/store/policies.ts'
import { readCriteria, readRule } from '../src/store/policy.ts'
import { createStore, type Store, type Tx } from '../src/store/store.ts'
import { target } from './fixtures.ts'
import { noCriteria } from './stage.ts'

const stack = new AsyncDisposableStack()
let db: TestDatabase
let store: Store
/** Two replicas of the service, each with a memory of its own. */
const replicas = [createPolicies(), createPolicies()]

const tenants = [randomUUID(), randomUUID()] as const
const users: readonly { id: string; userName: string }[] = Array.from({ length: 6 }, (_, n) => ({
  id: randomUUID(),
  userName: `user${n}`,
}))
const userGroupIds: readonly string[] = Array.from({ length: 4 }, () => randomUUID())
const accessGroupIds: readonly string[] = Array.from({ length: 6 }, () => randomUUID())
const targets = ['web-1', 'web-2', 'db-1', 'user3'].flatMap((deviceName): Target[] =>
  ['root', 'user1', 'user4'].map(username =>
    target({ deviceName, username, deviceTags: [deviceName.slice(0, 2)] }),
  ),
)

beforeAll(async () => {
  db = stack.use(await testDatabase('access_control'))
  const prisma = new PrismaClient({ adapter: prismaAdapter(db.appPool, 'access_control') })
  stack.defer(() => prisma.$disconnect())
  store = createStore(prisma, db.appPool)
  for (const id of tenants) {
    await db.adminPool.query(
      "insert into access_control.tenants values ($1, $2, '', false, false, 1, now())",
      [id, id],
    )
  }
})
afterAll(() => stack.disposeAsync())

const rules: fc.Arbitrary<Rule> = fc.record({
  allowed: fc.boolean(),
  justification: fc.boolean(),
  approvals: fc.integer({ min: 0, max: 2 }),
  maxWindowSeconds: fc.constantFrom(60, 600, 3_600),
})
const someUsers = fc.subarray(users.map(({ id }) => id))
const criteria = fc.constantFrom(
  noCriteria,
  { ...noCriteria, deviceName: 'web-*' },
  { ...noCriteria, deviceTags: 'db' },
  { ...noCriteria, credentialUsername: '[#USERNAME#]' },
)

/** Everything that changes what somebody may do. */
const changes = fc.oneof(
  fc.record({
    kind: fc.constant('user group' as const),
    id: fc.constantFrom(...userGroupIds),
    userIds: someUsers,
  }),
  fc.record({
    kind: fc.constant('access group' as const),
    id: fc.constantFrom(...accessGroupIds),
    userIds: someUsers,
    userGroupIds: fc.subarray([...userGroupIds]),
    criteria,
    viewRule: rules,
    sessionRule: rules,
    approverUserIds: someUsers,
    approverGroupIds: fc.subarray([...userGroupIds]),
  }),
  fc.record({ kind: fc.constant('no user group' as const), id: fc.constantFrom(...userGroupIds) }),
  fc.record({ kind: fc.constant('no access group' as const), id: fc.constantFrom(...accessGroupIds) }),
)

type Change = typeof changes extends fc.Arbitrary<infer T> ? T : never

const rounds = fc.record({
  changes: fc.array(changes, { maxLength: 2 }),
  tenant: fc.constantFrom(...tenants),
  /** The tenant that asks; often the one in which nothing changed. */
  asking: fc.constantFrom(...tenants),
  isUndone: fc.boolean(),
  user: fc.constantFrom(...users),
  replica: fc.constantFrom(...replicas),
})

const apply = async (tx: Tx, tenantId: string, change: Change): Promise<void> => {
  const { kind, id } = change
  // An id is one tenant's: the same place in the other tenant is another row.
  const own = {
    id: ownId(tenantId, id),
    tenantId,
    name: id,
    description: '',
    version: 1,
    createdAt: new Date(0),
  }
  const ownIds = (ids: readonly string[]): string[] => ids.map(one => ownId(tenantId, one))
  if (kind === 'no user group') await tx.userGroup.deleteMany({ where: { id: own.id } })
  else if (kind === 'no access group') await tx.accessGroup.deleteMany({ where: { id: own.id } })
  else if (kind === 'user group') {
    const data = { ...own, userIds: change.userIds }
    await tx.userGroup.upsert({ where: { id: own.id }, create: data, update: data })
  } else {
    const { kind: _kind, id: _id, ...rest } = change
    const groups = {
      userGroupIds: ownIds(rest.userGroupIds),
      approverGroupIds: ownIds(rest.approverGroupIds),
    }
    const data = { ...own, ...rest, ...groups, updatedAt: new Date(0) }
    await tx.accessGroup.upsert({ where: { id: own.id }, create: data, update: data })
  }
}

const ownId = (tenantId: string, id: string): string =>
  tenantId === tenants[0] ? id : id.replace(/^./, character => (character === 'f' ? '0' : 'f'))

class Undone extends Error {}

const change = (tenantId: string, all: readonly Change[], isUndone: boolean): Promise<void> =>
  store
    .ending(tenantId, async tx => {
      for (const one of all) await apply(tx, tenantId, one)
      // What reads its own change must see it, also if nobody ever will.
      if (all.length > 0) await replicas[0]?.of(tx, users[0] ?? { id: '', userName: '' })
      if (isUndone) throw new Undone()
    })
    .catch((failure: unknown) => {
      if (!(failure instanceof Undone || (failure instanceof Error && failure.cause instanceof Undone)))
        throw failure
    })

/** The whole policy of a tenant, read from the groups' own rows and from nothing else. */
const readEverything = async (
  tx: Tx,
): Promise<{ groups: AccessGroup[]; groupsOf: (userId: string) => string[] }> => {
  const members = await tx.userGroup.findMany()
  const rows = await tx.accessGroup.findMany()
  return {
    groupsOf: userId => members.filter(group => group.userIds.includes(userId)).map(({ id }) => id),
    groups: rows.map(row => ({
      ...row,
      criteria: compileCriteria(readCriteria(row.criteria)),
      rules: { view: readRule(row.viewRule), session: readRule(row.sessionRule) },
    })),
  }
}

const actions: readonly Action[] = ['view', 'session']

describe('S-AZ-04: what was remembered of a policy decides as the policy does', () => {
  it('after any changes, undone changes and changes of other tenants, on each replica', async () => {
    const decisions = counted(1_000_000, 50_000)
    const eachRound = targets.length * actions.length * users.length
    let [asked, kept] = [0, 0]
    const differing: object[] = []
    const plan = fc.sample(rounds, Math.ceil(decisions / eachRound))
    for (const { changes: all, tenant, asking, isUndone, replica } of plan) {
      await change(tenant, all, isUndone)
      await store.inTenant(asking, async tx => {
        const { groups, groupsOf } = await readEverything(tx)
        for (const user of users) {
          const policy = await replica.of(tx, user)
          for (const one of targets) {
            for (const action of actions) {
              const question = { userId: user.id, userName: user.userName, userGroupIds: groupsOf(user.id) }
              const expected = decide({ ...question, target: one, action }, groups)
              const decision = policy(one, action)
              asked += 1
              if (decision.matched) kept += 1
              if (!isSame(decision, expected)) differing.push({ decision, expected })
            }
          }
        }
      })
    }
    expect(differing.slice(0, 3)).toEqual([])
    // Or else nothing was ever allowed, and nothing could go wrong.
    expect(kept).toBeGreaterThan(asked / 20)
    figure(
      'S-AZ-04',
      `${asked} decisions between ${plan.length} rounds of changes, ${differing.length} differ`,
    )
  }, 900_000)

  it('and forgets at once who was taken out, on every replica', async () => {
    const [tenant] = tenants
    const [user] = users
    const [id] = accessGroupIds
    const [web] = targets
    if (!user || !id || !web) throw new Error('there are some')
    const rule = { allowed: true, justification: false, approvals: 0, maxWindowSeconds: 60 }
    const group = (userIds: string[]): Change => ({
      kind: 'access group',
      id,
      userIds,
      userGroupIds: [],
      criteria: noCriteria,
      viewRule: rule,
      sessionRule: rule,
      approverUserIds: [],
      approverGroupIds: [],
    })
    const others = accessGroupIds.slice(1).map((one): Change => ({ kind: 'no access group', id: one }))
    await change(tenant, others, false)
    const seen = async (): Promise<boolean[]> =>
      Promise.all(
        replicas.map(replica =>
          store.inTenant(tenant, async tx => (await replica.of(tx, user))(web, 'session').matched),
        ),
      )
    for (let time = 0; time < counted(1_000, 20); time++) {
      await change(tenant, [group([user.id])], false)
      expect(await seen()).toEqual([true, true])
      await change(tenant, [group([])], false)
      expect(await seen()).toEqual([false, false])
    }
  }, 120_000)
})

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
