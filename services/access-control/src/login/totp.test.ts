import { Secret } from '@sallyport/crypto/secret'
import { describe, expect, it } from 'vitest'
import { acceptableSteps } from '../domain/totp-step.ts'
import { matchingStep, totpCode, totpUri } from './totp.ts'

const secret = (): Secret => Secret.fromUtf8('12345678901234567890')

describe('a one-time code', () => {
  // RFC 6238, appendix B, cut to six digits.
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('at %i s is %s', (seconds, code) => {
    expect(totpCode(secret(), Math.floor(seconds / 30))).toBe(code)
  })

  it('is found among the steps around now', () => {
    const now = new Date(59_000)
    expect(matchingStep(secret(), '287082', acceptableSteps(now, undefined))).toBe(1)
    expect(matchingStep(secret(), '287082', acceptableSteps(now, 1))).toBeUndefined()
  })

  it('is enrolled by a URI that authenticator apps read', () => {
    const uri = totpUri(secret(), { tenant: 'default', userName: 'ann' })
    expect(uri).toBe(
      'otpauth://totp/Sallyport%3Aann%40default?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sallyport&algorithm=SHA1&digits=6&period=30',
    )
  })
})
