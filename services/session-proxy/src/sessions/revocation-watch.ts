import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@sallyport/telemetry/logger'
import type { RevocationMessage, Revocations } from '../clients/revocations.ts'

/** A stream that said nothing for this long is lost: heartbeats come each second. */
export const SILENCE_MILLISECONDS = 3_000
/** Revocations of grants whose session is only just starting are remembered this long; grants redeem within a minute. */
const REMEMBER_MILLISECONDS = 120_000

export type RevocationWatch = AsyncDisposable & {
  /** Whether the stream speaks, so that silence about a grant means that it is good. */
  isHealthy(): boolean
  /** Why a grant was revoked, if the stream said so lately. */
  reasonOf(grantId: string): string | undefined
}

type Deps = {
  readonly revocations: Pick<Revocations, 'watch'>
  /** Milliseconds of a clock that nobody sets. */
  readonly steadyNow: () => number
  readonly log: Pick<Logger, 'warn' | 'info'>
  readonly onRevoked: (grantId: string, reason: string) => void
}

/** Follows the stream of revocations, and takes it up again where it broke. */
export const watchRevocations = (deps: Deps): RevocationWatch => {
  const { steadyNow, log } = deps
  const stop = new AbortController()
  const remembered = new Map<string, { reason: string; at: number }>()
  let position = 0n
  let heardAt = Number.NEGATIVE_INFINITY
  let streamLifetime = new AbortController()

  const hear = (message: RevocationMessage): void => {
    const now = steadyNow()
    heardAt = now
    if (message.position > position) position = message.position
    if (message.revocation === undefined) return
    const { grantId, reason } = message.revocation
    for (const [id, { at }] of remembered) if (now - at > REMEMBER_MILLISECONDS) remembered.delete(id)
    remembered.set(grantId, { reason, at: now })
    deps.onRevoked(grantId, reason)
  }
  const follow = async (): Promise<void> => {
    streamLifetime = new AbortController()
    // A connection that died without a word would otherwise be waited for until TCP gives up.
    const watchdog = setInterval(() => {
      if (steadyNow() - heardAt > SILENCE_MILLISECONDS) streamLifetime.abort()
    }, SILENCE_MILLISECONDS)
    const signal = AbortSignal.any([stop.signal, streamLifetime.signal])
    try {
      for await (const message of deps.revocations.watch(position, signal)) hear(message)
    } catch (error) {
      if (!stop.signal.aborted) log.warn({ err: error }, 'the stream of revocations broke')
    } finally {
      clearInterval(watchdog)
    }
  }
  const run = async (): Promise<void> => {
    for (let wait = 100; !stop.signal.aborted; wait = Math.min(wait * 2, 1_000)) {
      const before = heardAt
      await follow()
      if (heardAt !== before) wait = 100
      await sleep(wait, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const running = run()
  return {
    isHealthy: () => steadyNow() - heardAt <= SILENCE_MILLISECONDS,
    reasonOf: grantId => remembered.get(grantId)?.reason,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
    },
  }
}
