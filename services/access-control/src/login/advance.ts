import type { AuditSource } from '@sallyport/audit-events/source'
import type { LoginStep } from '@sallyport/contracts/access_control/v1/authentication'
import type { Secret } from '@sallyport/crypto/secret'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { nextStep } from '../domain/login-step.ts'
import { absoluteEnd } from '../domain/session-life.ts'
import type { User } from '../generated/prisma/client.ts'
import { audit } from '../store/audit.ts'
import { forgetFailures } from '../store/failures.ts'
import type { Tx } from '../store/store.ts'
import { counterOf, familiarCounter } from './account.ts'
import type { TotpVault } from './sealed-totp.ts'
import { newToken } from './token.ts'
import { newTotpSecret, totpUri } from './totp.ts'

/** A second factor that is ready to be enrolled. Made before the transaction: sealing may wait for a key provider. */
export type Enrolment = { uri: string; sealed: Uint8Array<ArrayBuffer> }

/** Where a login stands after a step that succeeded. */
export type Progress = {
  user: User
  totpProved: boolean
  channel: string
  sourceAddress: string
  by: AuditSource
  enrolment: Enrolment
  now: Date
}

const challengeMilliseconds = 5 * 60_000

export const prepareEnrolment = async (vault: TotpVault, user: User, tenant: string): Promise<Enrolment> => {
  using secret: Secret = newTotpSecret()
  const sealed = await vault.seal({ tenantId: user.tenantId, userId: user.id }, secret)
  return { sealed, uri: totpUri(secret, { tenant, userName: user.userName }) }
}

/** Takes a login to its next step, or signs in. */
export const advance = async (tx: Tx, progress: Progress): Promise<LoginStep> => {
  const { user, totpProved, enrolment } = progress
  const step = nextStep({
    totpEnrolled: user.totpSecret !== null,
    totpProved,
    mustChangePassword: user.mustChangePassword,
  })
  if (step === 'signed-in') return signIn(tx, progress)
  const challenge = await newChallenge(tx, progress, step)
  if (step === 'password-change') return { step: { $case: 'passwordChange', value: { challenge } } }
  if (step === 'totp') return { step: { $case: 'totp', value: { challenge } } }
  return { step: { $case: 'totpEnrolment', value: { challenge, uri: enrolment.uri } } }
}

const newChallenge = async (tx: Tx, progress: Progress, step: string): Promise<string> => {
  const { user, totpProved, channel, sourceAddress, enrolment, now } = progress
  const token = newToken('challenge', user.tenantId)
  await tx.loginChallenge.create({
    data: {
      hash: Uint8Array.from(token.hash),
      tenantId: user.tenantId,
      userId: user.id,
      step,
      totpProved,
      totpSecret: step === 'totp-enrolment' ? enrolment.sealed : null,
      channel,
      sourceAddress,
      expiresAt: new Date(now.getTime() + challengeMilliseconds),
    },
  })
  return token.text
}

const signIn = async (tx: Tx, { user, channel, sourceAddress, by, now }: Progress): Promise<LoginStep> => {
  const token = newToken('session', user.tenantId)
  const session = await tx.loginSession.create({
    data: {
      id: uuidV7(now),
      tenantId: user.tenantId,
      userId: user.id,
      tokenHash: Uint8Array.from(token.hash),
      channel,
      sourceAddress,
      createdAt: now,
      lastUsedAt: now,
      expiresAt: absoluteEnd(now),
    },
  })
  await tx.user.update({ where: { id: user.id }, data: { lastLoginAt: now } })
  // Not those from elsewhere: or each login of a victim would give whoever guesses five more tries.
  await forgetFailures(tx, familiarCounter(counterOf(user), sourceAddress))
  await audit(tx, by, 'login.succeeded', {
    target: { kind: 'login-session', id: session.id },
    details: { factor: 'totp', strength: 'mfa', channel },
  })
  return {
    step: {
      $case: 'signedIn',
      value: {
        sessionToken: token.text,
        sessionId: session.id,
        expiresAt: session.expiresAt,
        tenantId: user.tenantId,
        userId: user.id,
        userName: user.userName,
      },
    },
  }
}
