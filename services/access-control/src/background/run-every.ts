import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@sallyport/telemetry/logger'

/** Does work again and again, with a pause after each time, until the signal fires. A failure is logged and waits its turn. */
export const runEvery = async (
  pauseMs: number,
  work: () => Promise<void>,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<void> => {
  while (!signal.aborted) {
    await work().catch((err: unknown) => log.warn({ err }, 'Background work failed; it will be tried again'))
    await delay(pauseMs, undefined, { signal }).catch(() => {})
  }
}
