/** Failed tries of one account or one source address. */
export type FailureRecord = { failures: number; lastFailureAt: Date; lockedUntil: Date | undefined }

export type LockoutPolicy = { tries: number; windowSeconds: number }

/** Five tries in fifteen minutes for an account, whatever addresses they come from. */
export const accountPolicy: LockoutPolicy = { tries: 5, windowSeconds: 900 }

/** An address may be a whole office: it stops somebody who sprays many accounts, later than one account is stopped. */
export const sourcePolicy: LockoutPolicy = { tries: 20, windowSeconds: 900 }

export const isLocked = (record: FailureRecord | undefined, now: Date): boolean => {
  return record?.lockedUntil !== undefined && now < record.lockedUntil
}

/**
 * Counts a try before its outcome is known. The last one that is left locks at once: of many tries at the same time no
 * more are looked at than one after the other would be. A try during a lock-out is not counted, so that nobody can
 * keep a victim locked out by trying on: every lock-out ends after at most fifteen minutes.
 */
export const countTry = (
  record: FailureRecord | undefined,
  policy: LockoutPolicy,
  now: Date,
): FailureRecord => {
  if (record !== undefined && isLocked(record, now)) return record
  const stale = record === undefined || secondsSince(record.lastFailureAt, now) >= policy.windowSeconds
  const failures = stale ? 1 : record.failures + 1
  const lockedUntil = failures >= policy.tries ? after(now, policy.windowSeconds) : undefined
  return { failures, lastFailureAt: now, lockedUntil }
}

/** After a try that has failed, the next one has to wait, longer each time. */
export const pauseAfterFailure = (record: FailureRecord, policy: LockoutPolicy, now: Date): FailureRecord => {
  const pause = pauseSeconds(record.failures, policy)
  return pause === 0 || isLocked(record, now) ? record : { ...record, lockedUntil: after(now, pause) }
}

/** Grows from nothing over seconds to the whole window at the last try. */
const pauseSeconds = (failures: number, policy: LockoutPolicy): number => {
  const left = policy.tries - failures
  if (left <= 0) return policy.windowSeconds
  if (left === 1) return 10
  return left === 2 ? 2 : 0
}

const secondsSince = (then: Date, now: Date): number => {
  return (now.getTime() - then.getTime()) / 1000
}

const after = (now: Date, seconds: number): Date => {
  return new Date(now.getTime() + seconds * 1000)
}

/** Takes back a try that was counted before its outcome was known, and turned out right. */
export const refund = (record: FailureRecord, policy: LockoutPolicy): FailureRecord => {
  const failures = Math.max(0, record.failures - 1)
  return { ...record, failures, lockedUntil: failures >= policy.tries ? record.lockedUntil : undefined }
}
