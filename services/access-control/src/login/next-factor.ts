import type { LoginStep } from '@sallyport/contracts/access_control/v1/authentication'
import type { Secret } from '@sallyport/crypto/secret'
import { asQuery } from '@sallyport/database/failure'
import type { Call } from '@sallyport/rpc/call'
import { accountPolicy } from '../domain/lockout.ts'
import { acceptableSteps, readCode } from '../domain/totp-step.ts'
import type { LoginChallenge, User } from '../generated/prisma/client.ts'
import { endLoginsOf } from '../grants/end-logins.ts'
import { audit } from '../store/audit.ts'
import { type Charge, chargeTry, type Counter, isCounterLocked, refundTry } from '../store/failures.ts'
import type { Tx } from '../store/store.ts'
import { counterAt, counterOf } from './account.ts'
import { sourceKey } from './source-key.ts'
import { advance, prepareEnrolment, type Progress } from './advance.ts'
import { changedPassword } from './change-password.ts'
import type { LoginDeps } from './deps.ts'
import { personSource } from './first-factor.ts'
import { type Cause, isUnchanged, loginFailed, refuseLogin } from './refusal.ts'
import { readToken } from './token.ts'
import { matchingStep } from './totp.ts'

export type Answer = { kind: 'totp-code'; code: string } | { kind: 'new-password'; password: Secret }

type Pending = { challenge: LoginChallenge; user: User; tenantName: string; sourceAddress: string }

/** Takes the next step of a login: a code, the first code of an enrolment, or a new password. */
export const continueLogin = async (
  deps: LoginDeps,
  call: Call,
  input: { challenge: string; answer: Answer; sourceAddress: string },
): Promise<LoginStep> => {
  const pending = await findPending(deps, input.challenge, input.sourceAddress)
  const { step } = pending.challenge
  if (step === 'password-change' && input.answer.kind === 'new-password') {
    return changeInitialPassword(deps, call, pending, input.answer.password)
  }
  if (step !== 'password-change' && input.answer.kind === 'totp-code') {
    return proveCode(deps, call, pending, input.answer.code)
  }
  throw loginFailed()
}

const findPending = async (deps: LoginDeps, challenge: string, sourceAddress: string): Promise<Pending> => {
  const token = readToken(challenge, ['challenge'])
  if (token === undefined) throw loginFailed()
  const tenant = await asQuery(deps.store.platform.tenant.findUnique({ where: { id: token.tenantId } }))
  const found = await deps.store.inTenant(token.tenantId, async tx => {
    const row = await tx.loginChallenge.findUnique({ where: { hash: Uint8Array.from(token.hash) } })
    const user = row && (await tx.user.findUnique({ where: { id: row.userId } }))
    return row && user && { challenge: row, user }
  })
  const dead = !found || found.challenge.expiresAt <= deps.clock.now() || found.user.disabled
  if (dead || tenant === null || tenant.disabled) throw loginFailed()
  return { ...found, tenantName: tenant.name, sourceAddress }
}

/** INVARIANT: a challenge is good for one try. Of two at once, one gets it. */
const consume = async (tx: Tx, { challenge }: Pending): Promise<void> => {
  const { count } = await tx.loginChallenge.deleteMany({ where: { hash: challenge.hash } })
  if (count !== 1) throw loginFailed()
}

const changeInitialPassword = async (
  deps: LoginDeps,
  call: Call,
  pending: Pending,
  password: Secret,
): Promise<LoginStep> => {
  const { user } = pending
  // Refused before the challenge is used: a weak password can be followed by a better one.
  const change = await changedPassword(deps.hasher, user, password)
  const enrolment = await prepareEnrolment(deps.totpVault, user, pending.tenantName)
  return deps.store.ending(user.tenantId, async tx => {
    await consume(tx, pending)
    const progress = progressOf(deps, call, pending, enrolment, pending.challenge.totpProved)
    await endLoginsOf({ tx, by: progress.by, reason: 'The password was changed', now: progress.now }, user.id)
    const changed = await tx.user.update({
      where: { id: user.id },
      data: { ...change, mustChangePassword: false },
    })
    await audit(tx, progress.by, 'user.password_changed', {
      target: { kind: 'user', id: user.id, name: user.userName },
      details: { forced: true },
    })
    return advance(tx, { ...progress, user: changed })
  })
}

const proveCode = async (deps: LoginDeps, call: Call, pending: Pending, code: string): Promise<LoginStep> => {
  const { store, clock } = deps
  const { user } = pending
  const source = { tenantId: user.tenantId, kind: 'source', key: sourceKey(pending.sourceAddress) } as const
  const { counter, charge } = await store.inTenant(user.tenantId, async tx => {
    await consume(tx, pending)
    const from = { userId: user.id, sourceAddress: pending.sourceAddress, now: clock.now() }
    const counted = await counterAt(tx, counterOf(user), from)
    const charged = await chargeTry(tx, counted, accountPolicy, clock.now())
    const sourceLocked = await isCounterLocked(tx, source, clock.now())
    return { counter: counted, charge: { ...charged, wasLocked: charged.wasLocked || sourceLocked } }
  })
  const step = await stepOf(deps, pending, code)
  const enrolment = await prepareEnrolment(deps.totpVault, user, pending.tenantName)
  const result = await store.granting(user.tenantId, async tx => {
    const progress = progressOf(deps, call, pending, enrolment, true)
    const same = await isUnchanged(tx, user)
    const cause = same ? await useCode(tx, progress, pending, charge, step) : 'changed'
    if (cause === undefined) return advanceAfterCode(tx, progress, counter)
    await refuseLogin(tx, {
      by: progress.by,
      cause,
      userName: user.userName,
      channel: pending.challenge.channel,
      factor: 'totp',
      charge,
      account: counter,
      source,
      sourceTries: deps.sourceTries,
      now: progress.now,
    })
    return undefined
  })
  if (result === undefined) throw loginFailed()
  return result
}

/** The time step whose code was given, whatever was used before; the update below decides about that. */
const stepOf = async (
  deps: LoginDeps,
  { challenge, user }: Pending,
  text: string,
): Promise<number | undefined> => {
  const code = readCode(text)
  const sealed = challenge.step === 'totp-enrolment' ? challenge.totpSecret : user.totpSecret
  if (code === undefined || sealed === null) return undefined
  using secret = await deps.totpVault.open({ tenantId: user.tenantId, userId: user.id }, sealed)
  return matchingStep(secret, code, acceptableSteps(deps.clock.now(), undefined))
}

/** INVARIANT: a code is accepted at most once for a user. The row's condition holds against any number of tries at once. */
const useCode = async (
  tx: Tx,
  progress: Progress,
  { challenge, user }: Pending,
  charge: Charge,
  step: number | undefined,
): Promise<Cause | undefined> => {
  if (charge.wasLocked) return 'locked'
  if (step === undefined) return 'wrong-code'
  const enrols = challenge.step === 'totp-enrolment'
  const { count } = await tx.user.updateMany({
    where: enrols
      ? { id: user.id, totpSecret: null }
      : { id: user.id, OR: [{ totpLastStep: null }, { totpLastStep: { lt: step } }] },
    data: { totpLastStep: step, ...(enrols && { totpSecret: challenge.totpSecret }) },
  })
  if (count !== 1) return 'code-used'
  if (enrols) {
    await audit(tx, progress.by, 'user.mfa_enrolled', {
      target: { kind: 'user', id: user.id, name: user.userName },
      details: { kind: 'totp' },
    })
  }
  return undefined
}

const advanceAfterCode = async (tx: Tx, progress: Progress, counter: Counter): Promise<LoginStep> => {
  await refundTry(tx, counter)
  const user = await tx.user.findUniqueOrThrow({ where: { id: progress.user.id } })
  // The user may have been disabled since the challenge was read.
  if (user.disabled) throw loginFailed()
  return advance(tx, { ...progress, user })
}

const progressOf = (
  deps: LoginDeps,
  call: Call,
  { user, challenge, sourceAddress }: Pending,
  enrolment: Progress['enrolment'],
  totpProved: boolean,
): Progress => ({
  user,
  totpProved,
  channel: challenge.channel,
  sourceAddress,
  by: personSource(call, user, sourceAddress),
  enrolment,
  now: deps.clock.now(),
})
