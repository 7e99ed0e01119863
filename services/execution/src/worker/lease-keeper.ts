import { AttemptFailure } from '../domain/rotation/failure.ts'
import { type Lease, leaseWatch, renewEverySeconds } from '../domain/operation/lease.ts'
import type { JobStore } from '../store/job.ts'
import type { Hold } from './run-attempt.ts'

type Deps = { jobs: Pick<JobStore, 'renew'>; steadyNow: () => number }

/** Renews a lease until it is disposed of, and stops what runs under it once it is lost. */
export const keepLease = (
  deps: Deps,
  lease: Lease,
  claimedAt: number,
  stop: AbortSignal,
): Hold & Disposable => {
  const watch = leaseWatch(claimedAt)
  const lost = new AbortController()
  const renew = async () => {
    const askedAt = deps.steadyNow()
    try {
      await deps.jobs.renew(lease)
      watch.renewed(askedAt)
    } catch (error) {
      const taken = error instanceof AttemptFailure && error.failure === 'lease_lost'
      if (taken || !watch.isLive(deps.steadyNow())) lost.abort()
    }
  }
  const timer = setInterval(() => void renew(), renewEverySeconds * 1000)
  return {
    signal: AbortSignal.any([stop, lost.signal]),
    guard() {
      if (lost.signal.aborted || !watch.isLive(deps.steadyNow())) throw new AttemptFailure('lease_lost')
      if (stop.aborted) throw new AttemptFailure('interrupted')
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
