import { setTimeout as sleep } from 'node:timers/promises'
import { crashPoint } from '@sallyport/config/crash-point'
import type { Logger } from '@sallyport/telemetry/logger'
import type { SessionEnd } from '../domain/session-end.ts'
import type { Ended, SessionLedger } from '../store/session-ledger.ts'
import type { LiveSession, SessionFacts } from './live-session.ts'
import type { LiveSessions } from './live-sessions.ts'

export type ClosingDeps = {
  readonly ledger: Pick<SessionLedger, 'ended'>
  readonly sessions: Pick<LiveSessions, 'remove' | 'enter' | 'stopping'>
  readonly clock: { now(): Date }
  readonly log: Pick<Logger, 'error'>
}

const RETRIES_MILLISECONDS = [0, 200, 1_000, 3_000]
const RETRY_EVERY_MILLISECONDS = 3_000

/**
 * Seals the recording and writes down the end. Nobody waits for a database that is away: then the end is written when it
 * is back, or by the next start.
 */
export const closeSession = async (
  deps: ClosingDeps,
  session: LiveSession,
  end: SessionEnd,
): Promise<void> => {
  const recorded = await session.recorder.end(end.exitStatus)
  // Whoever watches has now seen the last line.
  session.end(end)
  crashPoint('before session end')
  const ended = { ...end, ...recorded, at: deps.clock.now() }
  for (const wait of RETRIES_MILLISECONDS) {
    await sleep(wait)
    if (await isWritten(deps, session.facts, ended)) return deps.sessions.remove(session)
  }
  deps.sessions.remove(session)
  void writeLater(deps, session.facts, ended)
}

const writeLater = async (deps: ClosingDeps, facts: SessionFacts, ended: Ended): Promise<void> => {
  using _ = deps.sessions.enter()
  const { stopping } = deps.sessions
  do {
    await sleep(RETRY_EVERY_MILLISECONDS, undefined, { signal: stopping }).catch(() => {})
  } while (!(await isWritten(deps, facts, ended)) && !stopping.aborted)
}

const isWritten = async (
  { ledger, log }: ClosingDeps,
  facts: SessionFacts,
  ended: Ended,
): Promise<boolean> => {
  try {
    await ledger.ended(facts, ended)
    return true
  } catch (error) {
    log.error({ err: error, sessionId: facts.id }, 'the end of a session could not be written')
    return false
  }
}
