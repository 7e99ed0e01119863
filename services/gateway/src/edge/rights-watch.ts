import { setTimeout as wait } from 'node:timers/promises'
import { SallyportError } from '@sallyport/errors/error'

export type RightsWatchOptions = {
  readonly everyMs: number
  /** How long a caller's rights may stay unconfirmed because nobody could be asked. */
  readonly graceMs: number
}

/**
 * Asks again and again, while a stream lasts, whether its reader is still signed in.
 * @returns a signal that aborts as soon as the answer is no, or has been missing for too long.
 */
export const watchRights = (
  recheck: () => Promise<unknown>,
  { everyMs, graceMs }: RightsWatchOptions,
  until: AbortSignal,
): AbortSignal => {
  const over = new AbortController()
  const watch = async (): Promise<void> => {
    let confirmedAt = performance.now()
    while (!until.aborted) {
      await wait(everyMs, undefined, { signal: until, ref: false })
      try {
        await recheck()
        confirmedAt = performance.now()
      } catch (failure) {
        if (isRefusal(failure) || performance.now() - confirmedAt > graceMs) return over.abort()
      }
    }
  }
  // Waiting is given up when the stream ends; that is how this normally stops.
  watch().catch(() => {})
  return over.signal
}

const isRefusal = (failure: unknown): boolean =>
  failure instanceof SallyportError && ['unauthenticated', 'permission_denied'].includes(failure.code)
