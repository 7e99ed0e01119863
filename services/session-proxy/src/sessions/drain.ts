import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveSessions } from './live-sessions.ts'

const LIMIT_MILLISECONDS = 5_000
const LOOK_EVERY_MILLISECONDS = 20

/** Ends every session with a word to its user, and waits until their ends are written down. */
export const drainSessions = async (sessions: LiveSessions): Promise<void> => {
  sessions.stop()
  for (const session of sessions.all()) {
    session.end({ reason: 'proxy-stopped', detail: 'The session proxy is stopping.' })
  }
  for (let waited = 0; sessions.size > 0 && waited < LIMIT_MILLISECONDS; waited += LOOK_EVERY_MILLISECONDS) {
    await sleep(LOOK_EVERY_MILLISECONDS)
  }
}
