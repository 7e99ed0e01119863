import type { Logger } from '@sallyport/telemetry/logger'
import type { SessionEnd } from '../domain/session-end.ts'

const PROBE_EVERY_MILLISECONDS = 5_000
/** With the time between two probes, and one that hangs, live sessions end within 30 seconds. */
const UNRECORDED_LIMIT_MILLISECONDS = 15_000

type Watched = {
  readonly facts: { readonly tenantId: string }
  readonly end: (end: SessionEnd) => void
}

type Deps = {
  readonly sessions: { readonly all: () => Iterable<Watched> }
  /** Fails if nothing could be recorded for the tenant now. */
  readonly probe: (tenantId: string) => Promise<void>
  /** Milliseconds of a clock that nobody sets. */
  readonly steadyNow: () => number
  readonly log: Pick<Logger, 'warn'>
}

/**
 * Ends live sessions when the trail has taken nothing for a while: their end, and what ends them, could not be recorded
 * either. A short failure costs nobody a session. Called once a second.
 */
export const trailWatch = ({ sessions, probe, steadyNow, log }: Deps): (() => Promise<void>) => {
  const goodAt = new Map<string, number>()
  let probedAt = Number.NEGATIVE_INFINITY
  const check = async (tenantId: string, some: readonly Watched[]): Promise<void> => {
    try {
      await probe(tenantId)
      goodAt.set(tenantId, steadyNow())
    } catch (err) {
      log.warn({ err, tenantId, sessions: some.length }, 'Nothing can be recorded for live sessions')
    }
    // A session that has just begun was recorded as it began.
    const since = goodAt.get(tenantId) ?? probedAt
    goodAt.set(tenantId, since)
    if (steadyNow() - since > UNRECORDED_LIMIT_MILLISECONDS)
      for (const session of some)
        session.end({ reason: 'recorder-failed', detail: 'What happens could not be recorded any more.' })
  }
  return async () => {
    if (steadyNow() - probedAt < PROBE_EVERY_MILLISECONDS) return
    probedAt = steadyNow()
    const live = Map.groupBy(sessions.all(), ({ facts }) => facts.tenantId)
    for (const tenantId of goodAt.keys()) if (!live.has(tenantId)) goodAt.delete(tenantId)
    await Promise.all([...live].map(([tenantId, some]) => check(tenantId, some)))
  }
}
