import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkNotHeld, type LiveCustody, planCheckOut } from './custody.ts'
import { checkGrantUse, type GrantFacts, type GrantUse } from './grant-use.ts'
import { isRedeemable, ticketExpiry } from './reveal-ticket.ts'
import { checkNotChanging, isSuperseded, planBegin, planEnd, type Rotation } from './rotation.ts'
import { nextVersionState, type VersionEvent, type VersionState } from './version-states.ts'

const now = new Date('2026-11-21T12:00:00Z')
const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000)
const reason = (name: string): unknown => expect.objectContaining({ reason: name })

test('a version goes from candidate to current to retired, or is abandoned, and never back', () => {
  const table: [VersionState, VersionEvent, VersionState | undefined][] = [
    ['candidate', 'promote', 'current'],
    ['candidate', 'abandon', 'abandoned'],
    ['candidate', 'supersede', undefined],
    ['current', 'supersede', 'retired'],
    ['current', 'promote', undefined],
    ['current', 'abandon', undefined],
  ]
  for (const [state, event, next] of table) expect(nextVersionState(state, event)).toBe(next)
  for (const state of ['retired', 'abandoned'] satisfies VersionState[])
    for (const event of ['promote', 'abandon', 'supersede'] satisfies VersionEvent[])
      expect(nextVersionState(state, event)).toBeUndefined()
})

describe('a rotation', () => {
  const rotation: Rotation = {
    operationId: 'op-1',
    credentialId: 'c',
    fencingToken: 5n,
    state: 'open',
    candidateNumber: 2,
    startedAt: new Date(0),
  }
  const attempt = { operationId: 'op-1', credentialId: 'c', fencingToken: 6n }

  test('begins once and is taken up by later attempts of its operation', () => {
    expect(planBegin(attempt, undefined, undefined)).toBe('create')
    expect(planBegin(attempt, rotation, rotation)).toBe('resume')
    expect(planBegin({ ...attempt, fencingToken: 5n }, rotation, rotation)).toBe('resume')
  })

  test('keeps sessions waiting for a minute, and a person’s own secret away for ten', () => {
    const after = (seconds: number) => new Date(seconds * 1000)
    const busy = reason('rotation.in_progress')
    expect(() => checkNotChanging(rotation, after(59))).toThrow(busy)
    expect(() => checkNotChanging(rotation, after(60))).not.toThrow()
    expect(() => isSuperseded(rotation, after(599))).toThrow(busy)
    expect(isSuperseded(rotation, after(600))).toBe(true)
    expect(isSuperseded(undefined, after(0))).toBe(false)
  })

  test('excludes other operations while it is open', () => {
    const other = { ...attempt, operationId: 'op-2' }
    expect(() => planBegin(other, undefined, rotation)).toThrow(reason('rotation.in_progress'))
  })

  test('refuses an older attempt whatever it wants', () => {
    const stale = 4n
    for (const state of ['open', 'promoted', 'abandoned'] satisfies Rotation['state'][]) {
      const seen = { ...rotation, state }
      expect(() => planBegin({ ...attempt, fencingToken: stale }, seen, seen)).toThrow(
        reason('rotation.fenced'),
      )
      for (const end of ['promoted', 'abandoned'] as const)
        expect(() => planEnd(seen, stale, end)).toThrow(reason('rotation.fenced'))
    }
  })

  test('ends once; the same end again changes nothing, another one is refused', () => {
    const ends = ['promoted', 'abandoned'] as const
    for (const end of ends) {
      expect(planEnd(rotation, 5n, end)).toBe('apply')
      for (const state of ends) {
        const plan = (): string => planEnd({ ...rotation, state }, 5n, end)
        if (state === end) expect(plan()).toBe('done-already')
        else expect(plan).toThrow(reason('rotation.ended'))
      }
    }
    expect(() => planBegin(attempt, { ...rotation, state: 'promoted' }, undefined)).toThrow(
      reason('rotation.ended'),
    )
    expect(() => planEnd(undefined, 9n, 'promoted')).toThrow(reason('rotation.not_found'))
  })

  test('is not taken up for another credential', () => {
    expect(() => planBegin({ ...attempt, credentialId: 'd' }, rotation, undefined)).toThrow(
      reason('rotation.ended'),
    )
  })
})

describe('custody', () => {
  const live: LiveCustody = { id: '1', holderUserId: 'alice', holderUserName: 'Alice', until: later(60) }

  test('is taken when free or over, kept by its holder, and refused to others by name', () => {
    expect(planCheckOut(undefined, 'bob', now)).toBe('take')
    expect(planCheckOut(live, 'alice', now)).toBe('keep')
    expect(planCheckOut(live, 'bob', live.until)).toBe('expire-and-take')
    expect(() => planCheckOut(live, 'bob', now)).toThrow(
      /^Alice holds this credential until 2026-11-21T12:01/,
    )
  })

  test('lets only its holder connect meanwhile', () => {
    checkNotHeld(live, 'alice', now)
    checkNotHeld(live, 'bob', later(60))
    checkNotHeld(undefined, 'bob', now)
    expect(() => checkNotHeld(live, 'bob', now)).toThrow(reason('custody.held'))
  })
})

describe('a grant', () => {
  const view: GrantFacts = {
    tenantId: 't',
    subject: { kind: 'user', id: 'alice' },
    action: 'view',
    loginSessionId: 's',
    notBefore: now,
    expiresAt: later(60),
    endsAt: later(3600),
  }
  const viewing: GrantUse = { action: 'view', tenantId: 't', userId: 'alice', loginSessionId: 's' }
  const operation = { kind: 'operation', id: 'op' } as const
  const refused = reason('grant.invalid')

  test('is good for what it states', () => {
    checkGrantUse(view, viewing, now)
    checkGrantUse({ ...view, action: 'session' }, { action: 'session' }, now)
    checkGrantUse(
      { ...view, action: 'rotate', subject: operation },
      { action: 'rotate', operationId: 'op' },
      now,
    )
  })

  test('is refused to anybody else, in another login, and when over', () => {
    expect(() => checkGrantUse(view, { ...viewing, userId: 'bob' }, now)).toThrow(refused)
    expect(() => checkGrantUse(view, { ...viewing, tenantId: 'u' }, now)).toThrow(refused)
    expect(() => checkGrantUse(view, { ...viewing, loginSessionId: 'x' }, now)).toThrow(refused)
    expect(() => checkGrantUse(view, viewing, later(61))).toThrow(refused)
    expect(() => checkGrantUse({ ...view, endsAt: later(30) }, viewing, later(30))).toThrow(refused)
    const rotating: GrantUse = { action: 'rotate', operationId: 'other' }
    expect(() => checkGrantUse({ ...view, action: 'rotate', subject: operation }, rotating, now)).toThrow(
      refused,
    )
    expect(() =>
      checkGrantUse({ ...view, action: 'session', subject: operation }, { action: 'session' }, now),
    ).toThrow(refused)
  })

  test('for one action is never good for another', () => {
    const uses: GrantUse[] = [viewing, { action: 'session' }, { action: 'rotate', operationId: 'alice' }]
    for (const action of ['view', 'session', 'rotate'] as const)
      for (const use of uses.filter(one => one.action !== action))
        for (const kind of ['user', 'operation'] as const)
          expect(() => checkGrantUse({ ...view, action, subject: { kind, id: 'alice' } }, use, now)).toThrow(
            refused,
          )
  })
})

describe('a reveal ticket', () => {
  const ticket = { userId: 'alice', loginSessionId: 's', expiresAt: later(30), usedAt: undefined }
  const alice = { userId: 'alice', loginSessionId: 's' }

  test('is good once, for its person in the same login, while fresh', () => {
    expect(isRedeemable(ticket, alice, now)).toBe(true)
    expect(isRedeemable(ticket, alice, later(30))).toBe(false)
    expect(isRedeemable(ticket, { ...alice, userId: 'bob' }, now)).toBe(false)
    expect(isRedeemable(ticket, { ...alice, loginSessionId: 'x' }, now)).toBe(false)
    expect(isRedeemable({ ...ticket, usedAt: now }, alice, now)).toBe(false)
  })

  test('never outlives what was granted', () => {
    fc.assert(
      fc.property(fc.nat(600), fc.nat(600), (seconds, grantSeconds) => {
        const expiry = ticketExpiry(now, seconds, later(grantSeconds))
        expect(expiry).toEqual(later(Math.min(seconds, grantSeconds)))
      }),
    )
  })
})
