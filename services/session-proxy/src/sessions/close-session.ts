import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@sallyport/telemetry/logger'
import type { SessionEnd } from '../domain/session-end.ts'
import type { Ended, SessionLedger } from '../store/session-ledger.ts'
import type { LiveSession, SessionFacts } from './live-session.ts'
import type { LiveSessions } from './live-sessions.ts'

export type ClosingDeps = {
  readonly ledger: Pick<SessionLedger, 'ended'>
  readonly sessions: Pick<LiveSessions, 'remove'>
  readonly clock: { now(): Date }
  readonly log: Pick<Logger, 'error'>
}

const RETRIES_MILLISECONDS = [200, 1_000, 3_000]

/** Seals the recording and writes down the end. A session whose end cannot be written is ended by the next start. */
export const closeSession = async (
  deps: ClosingDeps,
  session: LiveSession,
  end: SessionEnd,
): Promise<void> => {
  const recorded = await session.recorder.end(end.exitStatus)
  // Whoever watches has now seen the last line.
  session.end(end)
  const ended = { ...end, ...recorded, at: deps.clock.now() }
  for (const wait of [0, ...RETRIES_MILLISECONDS]) {
    await sleep(wait)
    if (await isWritten(deps, session.facts, ended)) break
  }
  deps.sessions.remove(session)
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
