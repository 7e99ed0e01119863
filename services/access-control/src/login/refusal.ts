import type { AuditSource } from '@sallyport/audit-events/source'
import { SallyportError } from '@sallyport/errors/error'
import { accountPolicy, sourcePolicy } from '../domain/lockout.ts'
import type { User } from '../generated/prisma/client.ts'
import { audit } from '../store/audit.ts'
import { type Charge, chargeFailure, confirmFailure, type Counter } from '../store/failures.ts'
import type { Tx } from '../store/store.ts'

/** Why a login failed: for the trail, never for who tries. */
export type Cause =
  | 'wrong-password'
  | 'wrong-code'
  | 'unknown-key'
  | 'locked'
  | 'disabled'
  | 'unknown'
  | 'not-enrolled'
  | 'code-used'
  | 'changed'

export type Failure = {
  by: AuditSource
  cause: Cause
  userName: string
  channel: string
  factor: 'password' | 'public-key' | 'totp'
  /** What counting the try against the account did. */
  charge: Charge | undefined
  account: Counter
  source: Counter
  sourceTries: number
  now: Date
}

/** Counts and audits a failed login. The caller commits, then throws `loginFailed()`. */
export const refuseLogin = async (tx: Tx, failure: Failure): Promise<void> => {
  const { by, userName, channel, charge, source, now } = failure
  const policy = { ...sourcePolicy, tries: failure.sourceTries }
  const sourceCharge = await chargeFailure(tx, source, policy, now)
  if (charge !== undefined) await confirmFailure(tx, failure.account, accountPolicy, now)
  await audit(tx, by, 'login.failed', {
    outcome: 'failure',
    details: { factor: failure.factor, reason: failure.cause, channel, username: userName },
  })
  for (const [scope, lock] of [
    ['account', charge?.lockedUntil],
    ['source', sourceCharge.lockedUntil],
  ] as const) {
    const seconds = lock === undefined ? 0 : Math.round((lock.getTime() - now.getTime()) / 1000)
    // The short pauses before are no lock-out that somebody has to know of.
    if (seconds >= 60) await audit(tx, by, 'user.locked', { details: { username: userName, scope, seconds } })
  }
}

/** The one answer to every failed login. */
export const loginFailed = (): SallyportError => new SallyportError('login.failed')

/**
 * INVARIANT: a factor is worth nothing once it was reset, or its user disabled, however shortly before. To be asked in
 * a granting transaction, with the user as it was when the factor was checked.
 */
export const isUnchanged = async (tx: Tx, { id, passwordHash, totpSecret }: User): Promise<boolean> =>
  (await tx.user.count({ where: { id, passwordHash, totpSecret, disabled: false } })) === 1
