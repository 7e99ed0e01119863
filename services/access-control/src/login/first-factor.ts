import { createHash } from 'node:crypto'
import { type AuditSource, onBehalfOf } from '@sallyport/audit-events/source'
import type { LoginStep } from '@sallyport/contracts/access_control/v1/authentication'
import type { Secret } from '@sallyport/crypto/secret'
import type { Call } from '@sallyport/rpc/call'
import { accountPolicy } from '../domain/lockout.ts'
import type { User } from '../generated/prisma/client.ts'
import { type Charge, chargeTry, type Counter, isCounterLocked, refundTry } from '../store/failures.ts'
import type { Tx } from '../store/store.ts'
import { type Account, accountOf, type Attempt, counterAt } from './account.ts'
import { advance, prepareEnrolment } from './advance.ts'
import type { LoginDeps } from './deps.ts'
import { type Cause, isUnchanged, loginFailed, refuseLogin } from './refusal.ts'

type Found = { user: User | undefined; counter: Counter; charge: Charge | undefined; locked: boolean }

/**
 * Checks a password. A wrong one, an unknown user, an unknown tenant and a locked or disabled account take the same
 * steps, write the same kind of rows and get the same answer.
 */
export const loginByPassword = async (
  deps: LoginDeps,
  call: Call,
  attempt: Attempt,
  password: Secret,
): Promise<LoginStep> => {
  const { store, hasher, clock } = deps
  const account = await accountOf(store, attempt)
  const found = await store.inTenant(account.home.id, async tx => {
    const user = await findUser(tx, account)
    const counter = await counterFor(deps, tx, attempt, account, user)
    const charge = await chargeTry(tx, counter, accountPolicy, clock.now())
    const sourceLocked = await isCounterLocked(tx, account.source, clock.now())
    return { user, counter, charge, locked: charge.wasLocked || sourceLocked }
  })
  const right = await hasher.verify(found.user?.passwordHash, password.bytes())
  const cause = causeOf(account, found, right ? undefined : 'wrong-password')
  return conclude(deps, call, { attempt, account, found, cause, factor: 'password' })
}

/**
 * Starts a login with a key whose possession the proxy has proved. It takes the first factor's place only for users
 * who have a second one and need not change their password: neither can be done without the password.
 */
export const loginByPublicKey = async (
  deps: LoginDeps,
  call: Call,
  attempt: Attempt,
  publicKey: Uint8Array,
): Promise<LoginStep> => {
  const { store, clock } = deps
  const account = await accountOf(store, attempt)
  const fingerprint = fingerprintOf(publicKey)
  const found = await store.inTenant(account.home.id, async tx => {
    const user = await findUser(tx, account)
    const key = await tx.sshKey.findFirst({ where: { userId: user?.id ?? account.home.id, fingerprint } })
    if (key !== null) await tx.sshKey.update({ where: { id: key.id }, data: { lastUsedAt: clock.now() } })
    const counter = await counterFor(deps, tx, attempt, account, user)
    const locked = await isCounterLocked(tx, counter, clock.now())
    const sourceLocked = await isCounterLocked(tx, account.source, clock.now())
    return { user, counter, charge: undefined, locked: locked || sourceLocked, registered: key !== null }
  })
  const ready = isReady(found.user)
  const wrong = found.registered ? undefined : 'unknown-key'
  const cause = causeOf(account, found, wrong ?? (ready ? undefined : 'not-enrolled'))
  return conclude(deps, call, { attempt, account, found, cause, factor: 'public-key' })
}

const isReady = (user: User | undefined): boolean =>
  user !== undefined && user.totpSecret !== null && !user.mustChangePassword

/** "SHA256:…", as ssh-keygen -l prints it. */
export const fingerprintOf = (publicKey: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(publicKey).digest('base64').replaceAll('=', '')}`

const findUser = async (tx: Tx, { tenant, userName }: Account): Promise<User | undefined> => {
  // Asked for in any case, so that an unknown tenant takes no less time.
  const user = await tx.user.findFirst({ where: { userName: userName ?? '?' } })
  return tenant === undefined ? undefined : (user ?? undefined)
}

/** Asked of nobody's logins too, so that an unknown user takes no less time. */
const counterFor = (
  { clock }: LoginDeps,
  tx: Tx,
  { sourceAddress }: Attempt,
  { counter, home }: Account,
  user: User | undefined,
): Promise<Counter> =>
  counterAt(tx, counter, { userId: user?.id ?? home.id, sourceAddress, now: clock.now() })

const causeOf = (account: Account, found: Found, wrong: Cause | undefined): Cause | undefined => {
  if (found.locked) return 'locked'
  if (found.user === undefined) return 'unknown'
  if (found.user.disabled || account.home.disabled) return 'disabled'
  return wrong
}

type Conclusion = {
  attempt: Attempt
  account: Account
  found: Found
  cause: Cause | undefined
  factor: 'password' | 'public-key'
}

const conclude = async (deps: LoginDeps, call: Call, conclusion: Conclusion): Promise<LoginStep> => {
  const { attempt, account, found, cause } = conclusion
  const { user } = found
  if (user === undefined || cause !== undefined) {
    await refuse(deps, call, conclusion, cause ?? 'unknown')
    throw loginFailed()
  }
  const enrolment = await prepareEnrolment(deps.totpVault, user, account.home.name)
  const step = await deps.store.granting(account.home.id, async tx => {
    if (!(await isUnchanged(tx, user))) return undefined
    if (found.charge !== undefined) await refundTry(tx, found.counter)
    return advance(tx, {
      ...attempt,
      user,
      totpProved: false,
      by: personSource(call, user, attempt.sourceAddress),
      enrolment,
      now: deps.clock.now(),
    })
  })
  if (step !== undefined) return step
  await refuse(deps, call, conclusion, 'changed')
  throw loginFailed()
}

const refuse = (deps: LoginDeps, call: Call, conclusion: Conclusion, cause: Cause): Promise<void> => {
  const { attempt, account, found, factor } = conclusion
  const actor = { kind: 'anonymous', name: attempt.userName, sourceAddress: attempt.sourceAddress } as const
  return deps.store.inTenant(account.home.id, tx =>
    refuseLogin(tx, {
      by: onBehalfOf(call, account.home.id, actor),
      cause,
      userName: attempt.userName,
      channel: attempt.channel,
      factor,
      charge: found.charge,
      account: found.counter,
      source: account.source,
      sourceTries: deps.sourceTries,
      now: deps.clock.now(),
    }),
  )
}

/** Somebody who has proved a factor, but is not signed in yet. */
export const personSource = (call: Call, user: User, sourceAddress: string): AuditSource =>
  onBehalfOf(call, user.tenantId, { kind: 'user', id: user.id, name: user.userName, sourceAddress })
