import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLastAttempt, isPoisonous } from './attempt-limit.ts'
import { delaySeconds } from './back-off.ts'
import { leaseWatch } from './lease.ts'
import { mayCancel, nextState, type OperationAction, type OperationState } from './state.ts'
import { type Latest, pulls, scheduling } from './trigger.ts'

describe('an operation', () => {
  const states: OperationState[] = ['scheduled', 'running', 'succeeded', 'failed', 'unknown', 'canceled']
  const actions: OperationAction[] = ['claim', 'succeed', 'retry', 'fail', 'lose-track', 'cancel', 'restart']
  const allowed: Record<string, OperationState> = {
    'scheduled claim': 'running',
    'scheduled cancel': 'canceled',
    'running claim': 'running',
    'running succeed': 'succeeded',
    'running retry': 'scheduled',
    'running fail': 'failed',
    'running lose-track': 'unknown',
    'failed restart': 'scheduled',
    'unknown claim': 'running',
    'unknown restart': 'scheduled',
  }

  test.each(states.flatMap(state => actions.map(action => [state, action] as const)))(
    '%s: %s',
    (state, action) => {
      expect(nextState(state, action)).toBe(allowed[`${state} ${action}`])
    },
  )

  test('is canceled only while nothing of it is on the target', () => {
    expect(mayCancel({ state: 'scheduled', sent: false })).toBe(true)
    expect(mayCancel({ state: 'scheduled', sent: true })).toBe(false)
    expect(mayCancel({ state: 'running', sent: false })).toBe(false)
  })

  test('waits longer after each attempt, within bounds and never in step with others', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, random) => {
          const delay = delaySeconds(attempts, random)
          const whole = Math.min(600, 5 * 2 ** (attempts - 1))
          expect(delay).toBeGreaterThanOrEqual(whole / 2)
          expect(delay).toBeLessThanOrEqual(whole)
        },
      ),
    )
  })

  test('has a bounded number of attempts, crashes included', () => {
    expect([isLastAttempt(4, 5), isLastAttempt(5, 5), isLastAttempt(7, 5)]).toEqual([false, true, true])
    expect([isPoisonous(10, 5), isPoisonous(11, 5)]).toEqual([false, true])
  })
})

test('a lease ends for its holder before it ends in the database, and a renewal never shortens it', () => {
  const lease = leaseWatch(1000)
  expect([lease.isLive(27_999), lease.isLive(28_000)]).toEqual([true, false])
  lease.renewed(11_000)
  lease.renewed(5000)
  expect([lease.isLive(37_999), lease.isLive(38_000)]).toEqual([true, false])
})

describe('a trigger', () => {
  const happened = new Date('2026-11-21T10:00:00Z')
  const before = new Date('2026-11-21T09:59:59Z')
  const after = new Date('2026-11-21T10:00:01Z')

  test.each<[string, Latest | undefined, boolean, string]>([
    ['no operation', undefined, false, 'schedule'],
    ['one scheduled', { state: 'scheduled', attemptedAt: undefined }, false, 'keep'],
    ['one waiting to be tried again', { state: 'scheduled', attemptedAt: before }, false, 'keep'],
    ['one running since before', { state: 'running', attemptedAt: before }, false, 'again'],
    ['one running since after', { state: 'running', attemptedAt: after }, false, 'covered'],
    ['one running since after, but a person asks', { state: 'running', attemptedAt: after }, true, 'again'],
    ['one unresolved', { state: 'unknown', attemptedAt: after }, false, 'restart'],
    ['a success from before', { state: 'succeeded', attemptedAt: before }, false, 'schedule'],
    ['a success since', { state: 'succeeded', attemptedAt: after }, false, 'covered'],
    ['a success since, but a person asks', { state: 'succeeded', attemptedAt: after }, true, 'schedule'],
  ])('with %s', (_, latest, byPerson, answer) => {
    expect(scheduling(latest, happened, byPerson)).toBe(answer)
  })

  test('pulls only if the policy says so; a person and the end of custody always do', () => {
    const none = { afterReveal: false, afterSession: false, afterWindow: false }
    expect(
      (['request', 'custody', 'reveal', 'session', 'window'] as const).map(each => pulls(none, each)),
    ).toEqual([true, true, false, false, false])
    expect(pulls({ ...none, afterSession: true }, 'session')).toBe(true)
  })
})
