import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '@sallyport/telemetry/logger'
import type { AccessControl, Revocation } from '../clients/access-control.ts'

/** What this process knows of revoked grants. */
export type RevocationFeed = {
  readonly isRevoked: (grantId: string) => boolean
  /** Whether the feed speaks, so that a grant of which it says nothing is good. */
  readonly isHealthy: () => boolean
  /** Follows the feed until the signal fires. */
  readonly follow: (signal: AbortSignal) => Promise<void>
}

type Deps = {
  accessControl: Pick<AccessControl, 'watchRevocations'>
  /** Ends what was derived from a revoked grant. */
  onRevoked: (revocation: Revocation) => Promise<void>
  /** Milliseconds that never jump. */
  monotonic: () => number
  log: Logger
}

/** A connection that is silent for this long is given up and made anew; it speaks each second. */
const SILENT_MS = 5_000
const RECONNECT_MS = 200
/** A grant is redeemed, and its ticket used, within two minutes; what came of it ends in the database. */
const REMEMBER_MS = 600_000

export const createRevocationFeed = ({ accessControl, onRevoked, monotonic, log }: Deps): RevocationFeed => {
  const revoked = new Map<string, number>()
  let position = 0n
  let heardAt = Number.NEGATIVE_INFINITY

  const note = async (revocation: Revocation): Promise<void> => {
    revoked.set(revocation.grantId, monotonic())
    for (const [grantId, at] of revoked) {
      if (monotonic() - at < REMEMBER_MS) break
      revoked.delete(grantId)
    }
    await onRevoked(revocation).catch((err: unknown) => {
      // The event GrantEnded brings it again.
      log.error({ err, grantId: revocation.grantId }, 'What a revoked grant gave could not be ended yet')
    })
  }
  const followOnce = async (signal: AbortSignal): Promise<void> => {
    const silence = new AbortController()
    let timer = setTimeout(() => silence.abort(), SILENT_MS)
    try {
      const stream = accessControl.watchRevocations(position, AbortSignal.any([signal, silence.signal]))
      for await (const message of stream) {
        clearTimeout(timer)
        timer = setTimeout(() => silence.abort(), SILENT_MS)
        heardAt = monotonic()
        if (message.revocation) await note(message.revocation)
        position = message.position
      }
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    isRevoked: grantId => revoked.has(grantId),
    isHealthy: () => monotonic() - heardAt <= SILENT_MS,
    follow: async signal => {
      while (!signal.aborted) {
        await followOnce(signal).catch((err: unknown) => {
          if (!signal.aborted) log.warn({ err }, 'The revocation feed was lost; it will be opened again')
        })
        await pause(RECONNECT_MS, undefined, { signal }).catch(() => undefined)
      }
    },
  }
}
