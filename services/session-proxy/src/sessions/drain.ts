import { setTimeout as sleep } from 'node:timers/promises'
import { inWords } from '../domain/window-warnings.ts'
import type { LiveSessions } from './live-sessions.ts'

const LIMIT_MILLISECONDS = 5_000
const LOOK_EVERY_MILLISECONDS = 20
const LAST_WORD_MILLISECONDS = 60_000

type Drained = Pick<LiveSessions, 'close' | 'stop' | 'all' | 'size' | 'inside'>

/**
 * Lets no session begin and sends away who waits for one. Those that there are go on for up to `graceMilliseconds`; then
 * they end with a word to their users. Resolves when all of that is written down.
 */
export const drainSessions = async (sessions: Drained, graceMilliseconds: number): Promise<void> => {
  sessions.close()
  await untilOver(sessions, graceMilliseconds)
  sessions.stop()
  for (const session of sessions.all()) {
    session.end({ reason: 'proxy-stopped', detail: 'The session proxy is stopping.' })
  }
  const isBusy = (): boolean => sessions.size > 0 || sessions.inside > 0
  await whileTrue(isBusy, LIMIT_MILLISECONDS)
}

/** Sessions that people end themselves are not cut. */
const untilOver = async (sessions: Drained, graceMilliseconds: number): Promise<void> => {
  const isBusy = (): boolean => sessions.size > 0
  const tell = (left: number): void => {
    for (const session of sessions.all()) session.say(notice(left))
  }
  if (graceMilliseconds === 0 || !isBusy()) return
  tell(graceMilliseconds)
  const first = Math.max(0, graceMilliseconds - LAST_WORD_MILLISECONDS)
  await whileTrue(isBusy, first)
  if (first > 0) tell(LAST_WORD_MILLISECONDS)
  await whileTrue(isBusy, graceMilliseconds - first)
}

const notice = (left: number): string =>
  `This session proxy is being stopped. The session goes on for ${inWords(left)} at most; new ones begin elsewhere.`

const whileTrue = async (isSo: () => boolean, limitMilliseconds: number): Promise<void> => {
  for (const until = performance.now() + limitMilliseconds; isSo() && performance.now() < until; ) {
    await sleep(LOOK_EVERY_MILLISECONDS)
  }
}
