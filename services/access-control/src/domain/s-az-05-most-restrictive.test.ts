import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { compileCriteria, type Target } from './criteria.ts'
import { type AccessGroup, type Decision, decide, meet, type Rule } from './decision.ts'

const everything = compileCriteria({
  deviceName: '',
  deviceAddress: '',
  deviceTags: '',
  deviceType: '',
  deviceSite: '',
  credentialUsername: '',
  credentialTags: '',
  credentialType: '',
  credentialCriticality: '',
})

const target: Target = {
  credentialId: 'c',
  deviceId: 'd',
  username: 'root',
  domain: '',
  credentialType: 'local-admin',
  credentialTags: [],
  criticality: 'high',
  deviceName: 'web-1',
  deviceAddress: '10.0.0.1',
  deviceType: 'linux-server',
  deviceSite: '',
  deviceTags: [],
}

const rules = fc.record({
  allowed: fc.boolean(),
  justification: fc.boolean(),
  approvals: fc.integer({ min: 0, max: 5 }),
  maxWindowSeconds: fc.integer({ min: 60, max: 86_400 }),
})

/** Who is in a group, seen from `u`: named himself, as a member of `g`, both, or not at all. */
const memberships = fc.record({
  userIds: fc.subarray(['u', 'v']),
  userGroupIds: fc.subarray(['g', 'h']),
})

const groups: fc.Arbitrary<AccessGroup[]> = fc
  .array(fc.record({ rule: rules, members: memberships }), { maxLength: 6 })
  .map(given => given.map(({ rule, members }, index) => groupOf(String(index), rule, members)))

const groupOf = (
  id: string,
  session: Rule,
  members: Pick<AccessGroup, 'userIds' | 'userGroupIds'>,
): AccessGroup => ({
  id,
  name: `group ${id}`,
  ...members,
  criteria: everything,
  rules: { view: { ...session, allowed: false }, session },
  approverUserIds: [`approver-${id}`],
  approverGroupIds: [`approvers-${id}`],
})

const holdsUser = ({ userIds, userGroupIds }: AccessGroup): boolean =>
  userIds.includes('u') || userGroupIds.includes('g')

const ask = (given: readonly AccessGroup[], action: 'session' | 'view' = 'session'): Decision =>
  decide({ userId: 'u', userName: 'ann', userGroupIds: ['g'], target, action }, given)

/** Whether a rule gives no more than another in every dimension. */
const noMoreThan = (a: Rule, b: Rule): boolean =>
  (!a.allowed || b.allowed) &&
  (a.justification || !b.justification) &&
  a.approvals >= b.approvals &&
  a.maxWindowSeconds <= b.maxWindowSeconds

const runs = { numRuns: counted(25_000) }

describe('S-AZ-05: the most restrictive group wins', () => {
  afterAll(() =>
    figure('S-AZ-05', `${4 * runs.numRuns} random policies, none gave more than its strictest group`),
  )

  it('merges rules in any order and grouping, and a rule twice is the rule once', () => {
    fc.assert(
      fc.property(rules, rules, rules, (a, b, c) => {
        expect(meet(a, b)).toEqual(meet(b, a))
        expect(meet(meet(a, b), c)).toEqual(meet(a, meet(b, c)))
        expect(meet(a, a)).toEqual(a)
      }),
      runs,
    )
  })

  it('gives no more than any group that holds the user, by name or by user group', () => {
    fc.assert(
      fc.property(groups, given => {
        const mine = given.filter(holdsUser)
        const { rule, matched, outcome } = ask(given)
        expect(matched).toBe(mine.length > 0)
        if (mine.length === 0) expect(outcome).toBe('denied')
        return mine.every(({ rules: { session } }) => noMoreThan(rule, session))
      }),
      runs,
    )
  })

  it('never gives more because one more group holds the user, in any order', () => {
    fc.assert(
      fc.property(groups, rules, fc.nat(), (given, more, place) => {
        const added = groupOf('more', more, { userIds: ['u'], userGroupIds: [] })
        const after = ask(given.toSpliced(place % (given.length + 1), 0, added))
        expect(after).toEqual(ask([...given, added]))
        const before = ask(given)
        // The first group that holds somebody is the one addition that gives.
        return !before.matched || noMoreThan(after.rule, before.rule)
      }),
      runs,
    )
  })

  it('lets only the approvers of groups that ask for approval decide', () => {
    fc.assert(
      fc.property(groups, given => {
        const asking = given.filter(group => holdsUser(group) && group.rules.session.approvals > 0)
        const { userIds, groupIds } = ask(given).approvers
        expect(userIds.toSorted()).toEqual(asking.flatMap(group => group.approverUserIds).toSorted())
        expect(groupIds.toSorted()).toEqual(asking.flatMap(group => group.approverGroupIds).toSorted())
        return ask(given, 'view').outcome === 'denied'
      }),
      runs,
    )
  })
})
