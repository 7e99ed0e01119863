import type { FailureCode } from '../domain/rotation/failure.ts'
import type { JournalStep } from '../domain/rotation/journal.ts'
import type { Trigger } from '../domain/operation/trigger.ts'
import type { Verdict } from '../domain/rotation/decide.ts'
import type { Lease } from '../domain/operation/lease.ts'

/** An operation that a worker has claimed, with what it must know for one attempt. */
export type Job = {
  lease: Lease
  attemptId: string
  number: number
  maxAttempts: number
  rotationId: string
  credentialId: string
  deviceId: string
  privilegedCredentialId: string | undefined
  templateId: string
  templateVersion: number
  trigger: Trigger
  causeId: string
  /** An earlier attempt may have changed the target already. */
  sent: boolean
  /** How far the earlier attempts came. */
  reached: JournalStep
}

/** How an attempt ended, and with it perhaps its operation. */
export type Ending =
  | { kind: 'succeeded'; version: number }
  /** `counts` is false where the attempt failed by no fault of the target. */
  | (Told & { kind: 'retry'; delaySeconds: number; counts: boolean })
  /** `abandoned`: vault has given up the candidate; another try is another rotation. */
  | (Told & { kind: 'failed' | 'unknown'; abandoned: boolean })

/** Why it did not succeed. `hostKey` is the fingerprint of one that is not pinned. */
type Told = { code: FailureCode; message: string; hostKey: string | undefined }

/** What workers need of storage. Everything but `claim` throws AttemptFailure `lease_lost` for an outdated lease. */
export type JobStore = {
  /** The next operation that is due, or whose worker is gone; undefined: none. */
  claim(owner: string): Promise<Lease | undefined>
  renew(lease: Lease): Promise<void>
  /** Notes that an attempt begins. */
  begin(lease: Lease): Promise<Job>
  /** Notes a step of the journal; durable before it resolves. */
  step(job: Job, step: JournalStep, log: readonly string[]): Promise<void>
  /** Notes what asking the target after an interruption has shown. */
  resolved(job: Job, verdict: Verdict): Promise<void>
  end(job: Job, step: JournalStep, ending: Ending, log: readonly string[]): Promise<void>
}
