import { SallyportError } from '@sallyport/errors/error'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isApproverOf } from '../store/requests.ts'
import type { Decision } from './decision.ts'
import { grantEnd } from './grant-end.ts'
import { approve, disapprove, initialState, type RequestFacts, satisfies } from './request.ts'
import { newUserName } from './user-name.ts'
import { addSeconds, secondsBetween, type Window } from './window.ts'

const now = new Date('2026-05-01T10:00:00Z')

const userIds = ['u1', 'u2', 'u3', 'u4']
const groupIds = ['g1', 'g2']

const tenants = fc.record({
  requesterId: fc.constantFrom(...userIds),
  approverUserIds: fc.subarray(userIds),
  approverGroupIds: fc.subarray(groupIds),
  members: fc.dictionary(fc.constantFrom(...userIds), fc.subarray(groupIds)),
  approvalsNeeded: fc.integer({ min: 1, max: 3 }),
  maxWindowSeconds: fc.integer({ min: 600, max: 7_200 }),
})

type Tenant = typeof tenants extends fc.Arbitrary<infer T> ? T : never

const seconds = fc.integer({ min: -4_000, max: 12_000 })
const tries = fc.array(
  fc.record({
    userId: fc.constantFrom(...userIds),
    viaApiToken: fc.boolean(),
    mayRevokeAny: fc.boolean(),
    says: fc.constantFrom('yes', 'yes', 'yes', 'no'),
    window: fc.option(fc.tuple(seconds, seconds), { nil: undefined }),
  }),
  { maxLength: 8 },
)

type Try = typeof tries extends fc.Arbitrary<(infer T)[]> ? T : never

const requestOf = ({ requesterId, approvalsNeeded, maxWindowSeconds }: Tenant): RequestFacts => ({
  state: initialState(approvalsNeeded),
  requesterId,
  window: { start: now, end: addSeconds(now, 600) },
  justification: 'because of the incident',
  approvalsNeeded,
  maxWindowSeconds,
  votes: [],
})

const decisionOf = ({ approvalsNeeded, maxWindowSeconds }: Tenant): Decision => ({
  outcome: 'approval-required',
  rule: { allowed: true, justification: true, approvals: approvalsNeeded, maxWindowSeconds },
  reasons: [],
  matched: true,
  approvers: { userIds: [], groupIds: [] },
})

const windowOf = ({ window }: Try): Window | undefined =>
  window && { start: addSeconds(now, window[0]), end: addSeconds(now, window[1]) }

const mayDecide = (tenant: Tenant, userId: string): boolean =>
  isApproverOf(tenant, { id: userId, userGroupIds: tenant.members[userId] ?? [] })

/** The request after a try: unchanged if it was refused. */
const after = (tenant: Tenant, request: RequestFacts, one: Try): RequestFacts => {
  const isApprover = mayDecide(tenant, one.userId)
  const person = {
    userId: one.userId,
    viaApiToken: one.viaApiToken,
    isApprover,
    mayRevokeAny: one.mayRevokeAny,
  }
  try {
    return one.says === 'yes' ? approve(request, person, windowOf(one), now) : disapprove(request, person)
  } catch (refusal) {
    expect(refusal).toBeInstanceOf(SallyportError)
    return request
  }
}

const checkVotes = (tenant: Tenant, { votes, state, approvalsNeeded }: RequestFacts): void => {
  const voters = votes.map(({ approverId }) => approverId)
  expect(voters).not.toContain(tenant.requesterId)
  expect(new Set(voters).size).toBe(voters.length)
  for (const voter of voters) expect(mayDecide(tenant, voter)).toBe(true)
  const approvals = votes.filter(({ approved }) => approved).length
  if (state === 'approved') expect(approvals).toBeGreaterThanOrEqual(approvalsNeeded)
}

/** A window lasts no longer than the policy allows, and what one approver has narrowed no other widens. */
const checkWindow = (before: RequestFacts, { window, maxWindowSeconds }: RequestFacts): void => {
  expect(secondsBetween(window.start, window.end)).toBeLessThanOrEqual(maxWindowSeconds)
  if (!before.votes.some(({ approved }) => approved)) return
  expect(window.start.getTime()).toBeGreaterThanOrEqual(before.window.start.getTime())
  expect(window.end.getTime()).toBeLessThanOrEqual(before.window.end.getTime())
}

describe('S-AZ-05: a request takes other people, who give no more than the policy', () => {
  it('whoever tries: in groups, by API tokens, again, and with any window', () => {
    const numRuns = counted(100_000)
    let approved = 0
    fc.assert(
      fc.property(tenants, tries, (tenant, given) => {
        let request = requestOf(tenant)
        for (const one of given) {
          const before = request
          request = after(tenant, before, one)
          if (one.viaApiToken) expect(request).toBe(before)
          checkVotes(tenant, request)
          checkWindow(before, request)
        }
        const decision = decisionOf(tenant)
        if (!satisfies(request, decision, now)) return
        approved += 1
        const loginEnds = addSeconds(now, 300)
        expect(grantEnd(decision, request, loginEnds, now).getTime()).toBeLessThanOrEqual(loginEnds.getTime())
      }),
      { numRuns },
    )
    // Or else nothing was tried that could have gone wrong.
    expect(approved).toBeGreaterThan(numRuns / 200)
    figure(
      'S-AZ-05',
      `${numRuns} random tenants, ${approved} requests approved, 0 by their requesters or too wide`,
    )
  })

  it('and no second spelling of a name makes a second person', () => {
    const spellings = ['Ann', 'ANN', 'ＡＮＮ', 'ａnn', 'aNn']
    expect(new Set(spellings.map(newUserName))).toEqual(new Set(['ann']))
  })
})
