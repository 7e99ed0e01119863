/**
 * A worker's right to run one operation. The fencing token grows with each claim, so that what a worker whose lease
 * was taken over still tries to write is refused, by our own database and by vault.
 */
export type Lease = { operationId: string; tenantId: string; owner: string; fencingToken: bigint }

export const leaseSeconds = 30
export const renewEverySeconds = 10

/**
 * Time by the process's own steady clock (milliseconds), measured from before the claim or renewal was asked for:
 * the database's lease can only end later than this one.
 */
export type LeaseWatch = { renewed(askedAt: number): void; isLive(now: number): boolean }

/** Stops this long before the lease ends, so that nothing is sent in its last moment. */
const marginMilliseconds = 3000

export const leaseWatch = (askedAt: number): LeaseWatch => {
  let liveUntil = askedAt + leaseSeconds * 1000 - marginMilliseconds
  return {
    renewed(at) {
      liveUntil = Math.max(liveUntil, at + leaseSeconds * 1000 - marginMilliseconds)
    },
    isLive: now => now < liveUntil,
  }
}
