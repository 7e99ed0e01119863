import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '@sallyport/telemetry/logger'

type Repeated = {
  everyMs: number
  signal: AbortSignal
  log: Logger
  work: (signal: AbortSignal) => Promise<void>
}

/** Does background work again and again, with a rest in between, until the signal fires. A failure waits for the next turn. */
export const repeat = async ({ everyMs, signal, log, work }: Repeated): Promise<void> => {
  while (!signal.aborted) {
    await work(signal).catch((err: unknown) => {
      if (!signal.aborted) log.warn({ err }, 'Background work failed; it will be tried again')
    })
    await pause(everyMs, undefined, { signal }).catch(() => undefined)
  }
}
