import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  accountPolicy,
  countTry,
  type FailureRecord,
  isLocked,
  pauseAfterFailure,
  refund,
} from './lockout.ts'
import { nextStep } from './login-step.ts'
import { formatToken, parseToken } from './opaque-token.ts'
import { checkNewPassword } from './password-policy.ts'
import { absoluteEnd, isSessionOver, sessionEnd } from './session-life.ts'
import { acceptableSteps, readCode, totpStepAt } from './totp-step.ts'

const start = new Date('2026-05-01T10:00:00Z')
const later = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)

describe('the next step of a login', () => {
  it.each([
    [{ totpEnrolled: false, totpProved: false, mustChangePassword: true }, 'password-change'],
    [{ totpEnrolled: false, totpProved: false, mustChangePassword: false }, 'totp-enrolment'],
    [{ totpEnrolled: true, totpProved: false, mustChangePassword: false }, 'totp'],
    [{ totpEnrolled: true, totpProved: false, mustChangePassword: true }, 'totp'],
    [{ totpEnrolled: true, totpProved: true, mustChangePassword: true }, 'password-change'],
    [{ totpEnrolled: true, totpProved: true, mustChangePassword: false }, 'signed-in'],
  ] as const)('after %o is %s', (progress, step) => {
    expect(nextStep(progress)).toBe(step)
  })

  it('is never "signed in" without a second factor', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), (totpEnrolled, mustChangePassword) => {
        expect(nextStep({ totpEnrolled, mustChangePassword, totpProved: false })).not.toBe('signed-in')
      }),
    )
  })
})

describe('a lock-out', () => {
  const fail = (record: FailureRecord | undefined, at: Date): FailureRecord =>
    pauseAfterFailure(countTry(record, accountPolicy, at), accountPolicy, at)

  it('looks at no more than five tries in any fifteen minutes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 200 }), gaps => {
        let record: FailureRecord | undefined
        let at = 0
        const looked: number[] = []
        for (const gap of gaps) {
          at += gap
          if (isLocked(record, later(at))) continue
          looked.push(at)
          record = fail(record, later(at))
        }
        for (const first of looked) {
          expect(looked.filter(time => time >= first && time < first + 900).length).toBeLessThanOrEqual(5)
        }
      }),
    )
  })

  it('ends after fifteen minutes, however often somebody goes on trying', () => {
    let record: FailureRecord | undefined
    for (let at = 0; at < 600; at += 20) record = fail(record, later(at))
    expect(isLocked(record, later(80 + 899))).toBe(true)
    expect(isLocked(record, later(80 + 900))).toBe(false)
  })

  it('does not hit somebody who mistypes twice', () => {
    const record = fail(fail(undefined, start), later(5))
    expect(isLocked(record, later(5))).toBe(false)
  })

  it('locks at once when five tries are under way', () => {
    let record: FailureRecord | undefined
    for (let n = 0; n < 5; n++) {
      expect(isLocked(record, start)).toBe(false)
      record = countTry(record, accountPolicy, start)
    }
    expect(isLocked(record, start)).toBe(true)
  })

  it('gives a right try back', () => {
    let record: FailureRecord | undefined
    for (let at = 0; at < 5; at++) record = fail(record, later(at * 20))
    if (record === undefined) throw new Error('no record')
    expect(isLocked(refund(record, accountPolicy), later(80))).toBe(false)
  })
})

describe('a time step', () => {
  it('is accepted one to either side, and never twice', () => {
    const step = totpStepAt(start)
    expect(acceptableSteps(start, undefined)).toEqual([step - 1, step, step + 1])
    expect(acceptableSteps(start, step)).toEqual([step + 1])
    expect(acceptableSteps(start, step + 1)).toEqual([])
  })

  it.each([['123 456'], ['１２３４５６'], [' 123456'], ['12345'], ['123456\n'], ['-12345'], ['1e5000']])(
    'is not asked about for the text %j',
    text => {
      expect(readCode(text)).toBeUndefined()
    },
  )
})

describe('a new password', () => {
  const check = (text: string): void => checkNewPassword(new TextEncoder().encode(text), 'alice')

  it.each([['correct horse battery'], ['пароль-для-входа'], ['x1y2'.repeat(256)]])('%# is accepted', text => {
    expect(() => check(text)).not.toThrow()
  })

  it.each([['short'], ['my-ALICE-password'], ['aaaaaaaaaaaaaaaa'], ['x'.repeat(1025)]])(
    '%# is refused',
    text => {
      expect(() => check(text)).toThrow()
    },
  )

  it('that is not text is refused', () => {
    expect(() =>
      checkNewPassword(
        Uint8Array.from({ length: 16 }, () => 0xff),
        'alice',
      ),
    ).toThrow('UTF-8')
  })
})

describe('an opaque token', () => {
  it('is read back exactly, and nothing near it is', () => {
    const token = {
      kind: 'session',
      tenantId: '0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
      secret: 'A'.repeat(43),
    } as const
    const text = formatToken(token)
    expect(parseToken(text)).toEqual(token)
    for (const near of [
      ` ${text}`,
      `${text}\n`,
      text.slice(1),
      text.toUpperCase(),
      text.replace('sps', 'spx'),
    ]) {
      expect(parseToken(near)).toBeUndefined()
    }
  })
})

describe('a login session', () => {
  const web = { channel: 'web', createdAt: start, lastUsedAt: start }

  it('ends after half an hour without use', () => {
    expect(isSessionOver(web, later(1799))).toBe(false)
    expect(isSessionOver(web, later(1800))).toBe(true)
  })

  it('ends after twelve hours however much it is used', () => {
    expect(sessionEnd({ ...web, lastUsedAt: later(43_000) })).toEqual(absoluteEnd(start))
  })

  it('over SSH is not idle while its connection stands', () => {
    expect(isSessionOver({ ...web, channel: 'ssh' }, later(7200))).toBe(false)
  })
})
