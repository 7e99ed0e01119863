import type { Logger } from '@sallyport/telemetry/logger'
import type { Revocations } from '../clients/revocations.ts'
import { windowState } from '../domain/window-warnings.ts'
import type { LiveSession } from './live-session.ts'
import type { LiveSessions } from './live-sessions.ts'
import type { RevocationWatch } from './revocation-watch.ts'

const ASK_EVERY_MILLISECONDS = 3_000
const UNCONFIRMED_LIMIT_MILLISECONDS = 10_000

type Deps = {
  readonly sessions: LiveSessions
  readonly watch: Pick<RevocationWatch, 'isHealthy'>
  readonly revocations: Pick<Revocations, 'check'>
  /** Milliseconds of a clock that nobody sets: how long nobody could be asked must not depend on one that somebody does. */
  readonly steadyNow: () => number
  readonly log: Pick<Logger, 'warn'>
}

/**
 * Keeps sessions to what access-control says: while the stream of revocations is lost it asks, and ends what cannot be
 * confirmed. Called once a second, for all sessions together.
 */
export const grantConfirmer = (deps: Deps): (() => Promise<void>) => {
  let askedAt = Number.NEGATIVE_INFINITY
  let wasHealthy = false
  const confirmedAt: Confirmed = new WeakMap()
  const confirmAll = (): Promise<unknown> =>
    Promise.all(
      [...byTenant(deps.sessions)].map(([tenantId, some]) => confirm(deps, confirmedAt, tenantId, some)),
    )
  return async () => {
    const now = deps.steadyNow()
    const healthy = deps.watch.isHealthy()
    const returned = healthy && !wasHealthy
    wasHealthy = healthy
    // A new stream may begin after a revocation that nobody heard: ask once about everything.
    if (returned) await confirmAll()
    if (healthy) {
      for (const session of deps.sessions.all()) confirmedAt.set(session, now)
      return
    }
    endUnconfirmed(deps.sessions, confirmedAt, now)
    if (now - askedAt < ASK_EVERY_MILLISECONDS) return
    askedAt = now
    await confirmAll()
  }
}

/** Warns people before their window ends, and ends their session with it. Called once a second. */
export const watchWindows = (sessions: Pick<LiveSessions, 'all'>, now: Date): void => {
  for (const session of sessions.all()) watchWindow(session, now)
}

const watchWindow = (session: LiveSession, now: Date): void => {
  const state = windowState(session.facts.endsAt, now, session.warnedLevel)
  if (state.kind === 'warn') {
    session.warnedLevel = state.level
    session.say(state.text)
  }
  if (state.kind === 'over')
    session.end({ reason: 'window-over', detail: 'The window of this access has ended.' })
}

/** When access-control last said that a session's grant is good. One that is new was asked about as it was opened. */
type Confirmed = WeakMap<LiveSession, number>

const endUnconfirmed = (sessions: LiveSessions, confirmedAt: Confirmed, now: number): void => {
  for (const session of sessions.all()) {
    const confirmed = confirmedAt.get(session)
    if (confirmed === undefined) confirmedAt.set(session, now)
    else if (now - confirmed > UNCONFIRMED_LIMIT_MILLISECONDS) {
      session.end({
        reason: 'revoked',
        detail: 'It could not be confirmed that this access is still allowed.',
      })
    }
  }
}

const byTenant = (sessions: LiveSessions): Map<string, LiveSession[]> =>
  Map.groupBy(sessions.all(), session => session.facts.tenantId)

const confirm = async (
  deps: Deps,
  confirmedAt: Confirmed,
  tenantId: string,
  sessions: LiveSession[],
): Promise<void> => {
  try {
    const { good, endedReasons } = await deps.revocations.check(
      tenantId,
      sessions.map(session => session.facts.grantId),
    )
    const now = deps.steadyNow()
    for (const session of sessions) {
      const { grantId } = session.facts
      if (good.has(grantId)) confirmedAt.set(session, now)
      else session.end({ reason: 'revoked', detail: endedReasons.get(grantId) ?? 'This access has ended.' })
    }
  } catch (error) {
    deps.log.warn({ err: error }, 'grants of live sessions could not be confirmed')
  }
}
