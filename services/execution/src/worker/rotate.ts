import type { BegunRotation, RotationVault } from '../clients/vault.ts'
import type { Access } from '../clients/access-control.ts'
import { isLastAttempt } from '../domain/operation/attempt-limit.ts'
import { decide, type Verdict } from '../domain/rotation/decide.ts'
import { AttemptFailure } from '../domain/rotation/failure.ts'
import { probeFirst } from '../domain/rotation/probe-order.ts'
import type { Template } from '../domain/template/ast.ts'
import type { Capture, Executor } from '../executors/executor.ts'
import { probeBoth } from './probe.ts'
import { signInFor, tagValuesOf } from './tag-values.ts'
import type { Journal } from './journal.ts'
import type { Job, JobStore } from '../store/job.ts'

export type RotateDeps = {
  access: Access
  vault: RotationVault
  executor: Executor
  jobs: Pick<JobStore, 'resolved'>
}

/** One attempt, once its secrets are at hand. */
export type RotationAttempt = {
  job: Job
  rotation: BegunRotation
  template: Template
  journal: Journal
  capture: Capture
  guard: () => void
  signal: AbortSignal
}

/** What is proved, or not, about the target. `cause` is why, where something went wrong on the way. */
export type Found = { verdict: Verdict; cause?: AttemptFailure }

/**
 * Changes the secret on the target, and finds out what the target has. It decides nothing at vault.
 *
 * INVARIANT: every step is durable before the next begins, so that whatever dies, and whenever, the next attempt knows
 * whether the target may have the candidate; and then it asks the target instead of guessing.
 */
export const rotate = async (deps: RotateDeps, attempt: RotationAttempt): Promise<Found> => {
  const { job, rotation, capture } = attempt
  // Proved already, and only vault was not told: asking again would cost the account another wrong password.
  if (rotation.resumed && job.reached === 'old-refused') return { verdict: 'promote' }
  if (rotation.resumed && job.sent) {
    capture.note('An earlier attempt may have changed it: asking the target')
    const found = await askTarget(deps, attempt, { first: probeFirst(job.reached), sent: false })
    await deps.jobs.resolved(job, found.verdict)
    if (found.verdict !== 'send') return found
  }
  const cause = await send(deps, attempt)
  if (cause !== undefined && attempt.journal.step !== 'sending') {
    if (!job.sent || cause.failure !== 'authentication_failed') throw cause
    // What an earlier attempt had sent was carried out only now, after the target was asked.
    return { ...(await askTarget(deps, attempt, { first: 'candidate', sent: false })), cause }
  }
  const found = await askTarget(deps, attempt, { first: 'candidate', sent: true })
  return cause === undefined ? found : { ...found, cause }
}

/** Runs the template. A failure is returned, not thrown: what matters is what the target has now. */
const send = async (deps: RotateDeps, attempt: RotationAttempt): Promise<AttemptFailure | undefined> => {
  const { rotation, template, journal, capture, guard, signal } = attempt
  const signIn = signInFor(rotation)
  if (signIn === undefined)
    throw new AttemptFailure('unsupported', 'The credential has no secret to sign in with yet')
  try {
    await deps.executor.run({
      target: rotation.target,
      signIn,
      template,
      values: tagValuesOf(rotation),
      capture,
      guard,
      signal,
      onSignedIn: () => journal.reach('sending'),
    })
  } catch (error) {
    if (
      !(error instanceof AttemptFailure) ||
      error.failure === 'lease_lost' ||
      error.failure === 'interrupted'
    )
      throw error
    capture.note(error.message)
    return error
  }
  await journal.reach('sent')
  return undefined
}

type Question = { first: 'candidate' | 'current'; sent: boolean }

const askTarget = async (
  deps: RotateDeps,
  attempt: RotationAttempt,
  { first, sent }: Question,
): Promise<Found> => {
  const { job, rotation, journal, capture, guard, signal } = attempt
  const probed = await probeBoth({ executor: deps.executor, signal, guard }, rotation, first, () =>
    journal.reach('new-verified'),
  )
  capture.note(`The target: new ${probed.candidate}, old ${probed.current}`)
  const verdict = decide({
    probed,
    sent,
    privileged: rotation.privileged !== undefined,
    lastAttempt: isLastAttempt(job.number, job.maxAttempts),
  })
  if (verdict === 'promote') await journal.reach('old-refused')
  return { verdict, cause: new AttemptFailure(codeOf(probed)) }
}

const codeOf = ({ candidate, current }: { candidate: string; current: string }) => {
  if (candidate === 'unreachable' || current === 'unreachable') return 'unreachable'
  if (candidate === 'works') return 'not_proved'
  return current === 'works' ? 'not_changed' : 'neither_works'
}
