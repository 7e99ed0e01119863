import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveSessions } from './live-sessions.ts'

const LIMIT_MILLISECONDS = 5_000
const LOOK_EVERY_MILLISECONDS = 20

/**
 * Ends every session with a word to its user, sends away who waits for one, and waits until all of that is written down.
 */
export const drainSessions = async (sessions: LiveSessions): Promise<void> => {
  sessions.stop()
  for (const session of sessions.all()) {
    session.end({ reason: 'proxy-stopped', detail: 'The session proxy is stopping.' })
  }
  const isBusy = (): boolean => sessions.size > 0 || sessions.inside > 0
  for (let waited = 0; isBusy() && waited < LIMIT_MILLISECONDS; waited += LOOK_EVERY_MILLISECONDS) {
    await sleep(LOOK_EVERY_MILLISECONDS)
  }
}
