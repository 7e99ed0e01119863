import type { Logger } from '@sallyport/telemetry/logger'
import type { LiveSessions } from './live-sessions.ts'

const TICK_MILLISECONDS = 500

type Deps = {
  readonly sessions: Pick<LiveSessions, 'all'>
  /** Done once a second each; one that is slow holds up only itself. */
  readonly jobs: readonly (() => Promise<void>)[]
  readonly log: Pick<Logger, 'error'>
}

/** The one timer of all sessions: makes recordings durable twice a second, and enforces once a second. */
export const startTicker = ({ sessions, jobs, log }: Deps): Disposable => {
  let ticks = 0
  const busy = new Set<() => Promise<void>>()
  const doOnce = async (job: () => Promise<void>): Promise<void> => {
    if (busy.has(job)) return
    busy.add(job)
    await job().catch((error: unknown) => log.error({ err: error }, 'live sessions could not be checked'))
    busy.delete(job)
  }
  const timer = setInterval(() => {
    ticks += 1
    for (const session of sessions.all()) void session.recorder.flush()
    if (ticks % 2 === 0) for (const job of jobs) void doOnce(job)
  }, TICK_MILLISECONDS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
