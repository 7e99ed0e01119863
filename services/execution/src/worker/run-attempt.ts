import type { Logger } from '@sallyport/telemetry/logger'
import { isLastAttempt, isPoisonous } from '../domain/operation/attempt-limit.ts'
import { delaySeconds } from '../domain/operation/back-off.ts'
import { AttemptFailure, isOurs, mayRetry } from '../domain/rotation/failure.ts'
import { type LogCapture, logCapture } from '../executors/log-capture.ts'
import type { Ending, Job, JobStore } from '../store/job.ts'
import type { TemplateSources } from '../store/templates.ts'
import { mayHaveSent } from '../domain/rotation/journal.ts'
import { asFailure, beginRotation, rotationNameOf } from './begin-rotation.ts'
import { type CrashPoint, type Journal, journalOf } from './journal.ts'
import { type Found, type RotateDeps, rotate } from './rotate.ts'
import { disposeOf, secretsOf } from './tag-values.ts'

export type AttemptDeps = RotateDeps & {
  jobs: JobStore
  templates: TemplateSources
  /** In [0, 1). */
  random: () => number
  log: Logger
  crashPoint?: CrashPoint | undefined
}

/** What ties an attempt to its lease. */
export type Hold = { guard: () => void; signal: AbortSignal }

/**
 * Runs one attempt of an operation, and ends it. Throws AttemptFailure `lease_lost` if somebody else has taken over;
 * then nothing is left to do.
 */
export const runAttempt = async (deps: AttemptDeps, job: Job, hold: Hold): Promise<Ending['kind']> => {
  const capture = logCapture()
  const journal = journalOf(deps, job, capture.lines)
  const ending = await attempt(deps, job, hold, journal, capture)
  await journal.end(ending, ending.kind === 'succeeded' ? 'promoted' : journal.step)
  return ending.kind
}

const attempt = async (
  deps: AttemptDeps,
  job: Job,
  hold: Hold,
  journal: Journal,
  capture: LogCapture,
): Promise<Ending> => {
  try {
    if (isPoisonous(job.number, job.maxAttempts))
      throw new AttemptFailure('interrupted', 'It kept stopping its worker')
    const template = await deps.templates.load(job.lease.tenantId, job.templateId, job.templateVersion)
    const begun = await beginRotation(deps, job, hold.signal)
    if ('version' in begun) return { kind: 'succeeded', version: begun.version }
    const { rotation } = begun
    try {
      capture.hide(secretsOf(rotation))
      await journal.reach('candidate-sealed')
      const attempt = { job, rotation, template, journal, capture, ...hold }
      return await conclude(deps, job, await rotate(deps, attempt), journal)
    } finally {
      disposeOf(rotation)
    }
  } catch (error) {
    const failure = asFailure(error)
    if (failure.failure === 'internal')
      deps.log.error({ err: failure.cause ?? failure }, 'An attempt failed unexpectedly')
    return endingFor(deps, job, journal, failure)
  }
}

/** Carries out at vault what was proved on the target. */
const conclude = async (
  deps: AttemptDeps,
  job: Job,
  { verdict, cause }: Found,
  journal: Journal,
): Promise<Ending> => {
  const told = tellOf(cause ?? new AttemptFailure('not_changed'))
  switch (verdict) {
    case 'promote':
      return { kind: 'succeeded', version: await deps.vault.promote(rotationNameOf(job)) }
    case 'abandon':
      await deps.vault.abandon(rotationNameOf(job))
      await journal.reach('abandoned')
      return { kind: 'failed', abandoned: true, ...told }
    case 'keep-both':
      return { kind: 'unknown', abandoned: false, ...told }
    case 'retry':
    case 'send':
      return { kind: 'retry', counts: true, delaySeconds: delaySeconds(job.number, deps.random()), ...told }
  }
}

const tellOf = ({ failure, message, hostKey }: AttemptFailure) => ({ code: failure, message, hostKey })

/** An attempt that broke off. What the target may have had from it or an earlier one decides what is known now. */
const endingFor = async (
  deps: AttemptDeps,
  job: Job,
  journal: Journal,
  failure: AttemptFailure,
): Promise<Ending> => {
  if (failure.failure === 'lease_lost') throw failure
  const told = tellOf(failure)
  const counts = !isOurs(failure.failure)
  const again = mayRetry(failure.failure) && !(counts && isLastAttempt(job.number, job.maxAttempts))
  if (again && !isPoisonous(job.number, job.maxAttempts)) {
    const wait = failure.failure === 'interrupted' ? 0 : delaySeconds(job.number, deps.random())
    return { kind: 'retry', counts, delaySeconds: wait, ...told }
  }
  if (failure.failure === 'given_up') return { kind: 'failed', abandoned: true, ...told }
  if (job.sent || mayHaveSent(journal.step)) {
    return { kind: 'unknown', abandoned: false, ...told }
  }
  return { kind: 'failed', abandoned: await abandonUnsent(deps, job), ...told }
}

/** A candidate that was never sent can be nowhere but at vault. */
const abandonUnsent = async (deps: AttemptDeps, job: Job): Promise<boolean> => {
  try {
    await deps.vault.abandon(rotationNameOf(job))
    return true
  } catch {
    // There is none, or vault is away: then it stays open there, and a restart takes it up again.
    return false
  }
}
