import { SallyportError } from '@sallyport/errors/error'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decision } from './decision.ts'
import {
  approve,
  cancel,
  checkedJustification,
  disapprove,
  expire,
  initialState,
  type Person,
  type RequestFacts,
  revoke,
  satisfies,
} from './request.ts'
import { addSeconds } from './window.ts'

const now = new Date('2026-05-01T10:00:00Z')
const person = (userId: string, extra: Partial<Person> = {}): Person => ({
  userId,
  viaApiToken: false,
  isApprover: true,
  mayRevokeAny: false,
  ...extra,
})
const requester = person('requester', { isApprover: false })

const pending = (approvalsNeeded = 1): RequestFacts => ({
  state: initialState(approvalsNeeded),
  requesterId: 'requester',
  window: { start: now, end: addSeconds(now, 3600) },
  justification: 'because of the incident',
  approvalsNeeded,
  maxWindowSeconds: 7200,
  votes: [],
})

const decision: Decision = {
  outcome: 'approval-required',
  rule: { allowed: true, justification: true, approvals: 1, maxWindowSeconds: 7200 },
  reasons: [],
  matched: true,
  approvers: { userIds: [], groupIds: [] },
}

const reasonOf = (work: () => unknown): string => {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof SallyportError) return thrown.reason
    throw thrown
  }
  return 'done'
}

describe('an approval', () => {
  it('makes the request good once as many people as needed have given theirs', () => {
    const once = approve(pending(2), person('a'), undefined, now)
    expect(once.state).toBe('pending')
    expect(satisfies(once, decision, now)).toBe(false)
    const twice = approve(once, person('b'), undefined, now)
    expect(twice.state).toBe('approved')
    expect(satisfies(twice, decision, now)).toBe(true)
  })

  it.each([
    ['the requester', person('requester'), 'access_request.self_approval'],
    ['the requester’s API token', person('requester', { viaApiToken: true }), 'access_request.self_approval'],
    ['an approver’s API token', person('a', { viaApiToken: true }), 'access_request.person_needed'],
    ['somebody who is no approver', person('a', { isApprover: false }), 'access_request.not_approver'],
    [
      'somebody who only may revoke',
      person('a', { isApprover: false, mayRevokeAny: true }),
      'access_request.not_approver',
    ],
  ])('is refused from %s', (_title, by, reason) => {
    expect(reasonOf(() => approve(pending(), by, undefined, now))).toBe(reason)
    expect(reasonOf(() => disapprove(pending(), by))).toBe(reason)
  })

  it('counts once for each person', () => {
    const once = approve(pending(2), person('a'), undefined, now)
    expect(reasonOf(() => approve(once, person('a'), undefined, now))).toBe('access_request.already_voted')
  })

  it('may shorten or move the window, and lengthen it only within the policy', () => {
    const shorter = { start: now, end: addSeconds(now, 600) }
    expect(approve(pending(), person('a'), shorter, now).window).toEqual(shorter)
    const longer = { start: now, end: addSeconds(now, 7200) }
    expect(approve(pending(), person('a'), longer, now).window).toEqual(longer)
    const tooLong = { start: now, end: addSeconds(now, 7201) }
    expect(reasonOf(() => approve(pending(), person('a'), tooLong, now))).toBe('window.invalid')
  })

  it('cannot widen what an earlier approver has approved', () => {
    const narrow = { start: now, end: addSeconds(now, 600) }
    const once = approve(pending(2), person('a'), narrow, now)
    const wide = { start: now, end: addSeconds(now, 3600) }
    expect(reasonOf(() => approve(once, person('b'), wide, now))).toBe('window.invalid')
    expect(approve(once, person('b'), undefined, now).window).toEqual(narrow)
  })

  it('comes too late when the window is over', () => {
    expect(reasonOf(() => approve(pending(), person('a'), undefined, addSeconds(now, 3600)))).toBe(
      'access_request.ended',
    )
  })
})

describe('a request', () => {
  it('that nobody has to approve is good at once', () => {
    const free = { ...decision, rule: { ...decision.rule, approvals: 0 } }
    expect(satisfies(pending(0), free, now)).toBe(true)
  })

  it('is good only inside its window', () => {
    const approved = approve(pending(), person('a'), undefined, now)
    expect(satisfies(approved, decision, addSeconds(now, -1))).toBe(false)
    expect(satisfies(approved, decision, addSeconds(now, 3599))).toBe(true)
    expect(satisfies(approved, decision, addSeconds(now, 3600))).toBe(false)
  })

  it('is no good any more when the rules have come to ask for more', () => {
    const approved = approve(pending(), person('a'), undefined, now)
    const more = { ...decision, rule: { ...decision.rule, approvals: 2 } }
    const shorter = { ...decision, rule: { ...decision.rule, maxWindowSeconds: 60 } }
    expect(satisfies(approved, more, now)).toBe(false)
    expect(satisfies(approved, shorter, now)).toBe(false)
    expect(satisfies(approved, { ...decision, outcome: 'denied' }, now)).toBe(false)
    expect(satisfies({ ...approved, justification: '' }, decision, now)).toBe(false)
  })

  it('is canceled by its requester only, and revoked by approvers and those who may', () => {
    const approved = approve(pending(), person('a'), undefined, now)
    expect(cancel(approved, requester).state).toBe('canceled')
    expect(reasonOf(() => cancel(approved, person('a')))).toBe('access_request.not_found')
    expect(revoke(approved, person('b')).state).toBe('revoked')
    expect(revoke(approved, person('x', { isApprover: false, mayRevokeAny: true })).state).toBe('revoked')
    expect(reasonOf(() => revoke(approved, requester))).toBe('access_request.not_approver')
  })

  it.each([['short'], ['a b c d e f g'], ['          \n\t   ']])('refuses the justification %j', text => {
    expect(reasonOf(() => checkedJustification(text, true))).toBe('justification.too_short')
    expect(checkedJustification(text, false)).toBe(text)
  })
})

type Step = (request: RequestFacts, at: Date) => RequestFacts

const people = ['requester', 'a', 'b', 'c'].map(id => person(id, { isApprover: id !== 'requester' }))
const steps: Step[] = [
  ...people.map(
    (by): Step =>
      (request, at) =>
        approve(request, by, undefined, at),
  ),
  ...people.map(
    (by): Step =>
      request =>
        disapprove(request, by),
  ),
  ...people.map(
    (by): Step =>
      request =>
        cancel(request, by),
  ),
  ...people.map(
    (by): Step =>
      request =>
        revoke(request, by),
  ),
  (request, at) => expire(request, at),
]

describe('the state machine, explored to its ends', () => {
  const ends = new Set(['disapproved', 'canceled', 'revoked', 'expired'])
  const times = [now, addSeconds(now, 3600)]

  it('has no way from an end back to something usable', () => {
    const seen = new Set<string>()
    const states = new Set<string>()
    const queue = [pending(0), pending(1), pending(2)]
    for (let request = queue.pop(); request; request = queue.pop()) {
      const key = JSON.stringify(request)
      if (seen.has(key)) continue
      seen.add(key)
      states.add(request.state)
      for (const step of steps) {
        for (const at of times) {
          let after: RequestFacts
          try {
            after = step(request, at)
          } catch {
            continue
          }
          expect(ends.has(request.state)).toBe(false)
          const approvals = after.votes.filter(vote => vote.approved)
          if (after.state === 'approved')
            expect(approvals.length).toBeGreaterThanOrEqual(after.approvalsNeeded)
          expect(new Set(after.votes.map(vote => vote.approverId)).size).toBe(after.votes.length)
          expect(after.votes.some(vote => vote.approverId === after.requesterId)).toBe(false)
          queue.push(after)
        }
      }
    }
    expect([...states].toSorted()).toEqual([
      'approved',
      'canceled',
      'disapproved',
      'expired',
      'pending',
      'revoked',
    ])
  })

  it('keeps that on random long runs', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(steps.length - 1), { maxLength: 30 }),
        fc.integer({ min: 0, max: 3 }),
        (run, needed) => {
          let request = pending(needed)
          let over = false
          for (const index of run) {
            try {
              request = steps[index]?.(request, now) ?? request
            } catch {
              // Refused: nothing changed.
            }
            if (over) expect(satisfies(request, decision, now)).toBe(false)
            over ||= ends.has(request.state)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
