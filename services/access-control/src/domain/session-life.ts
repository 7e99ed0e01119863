/** When a login ends by itself. */
export type SessionTimes = { channel: string; createdAt: Date; lastUsedAt: Date }

const idleMilliseconds = 30 * 60_000
const absoluteMilliseconds = 12 * 3_600_000
const touchMilliseconds = 60_000

export const absoluteEnd = (createdAt: Date): Date => new Date(createdAt.getTime() + absoluteMilliseconds)

/**
 * The end that comes first, if nobody uses the session any more. A login over SSH lives as long as its connection,
 * whose end logs it out; between two commands it is not idle.
 */
export const sessionEnd = ({ channel, createdAt, lastUsedAt }: SessionTimes): Date => {
  const absolute = absoluteEnd(createdAt).getTime()
  const idle = channel === 'ssh' ? absolute : lastUsedAt.getTime() + idleMilliseconds
  return new Date(Math.min(idle, absolute))
}

export const isSessionOver = (times: SessionTimes, now: Date): boolean => now >= sessionEnd(times)

/** Use is noted once a minute, so that reading does not become writing. */
export const shouldTouch = (lastUsedAt: Date | undefined, now: Date): boolean =>
  lastUsedAt === undefined || now.getTime() - lastUsedAt.getTime() >= touchMilliseconds

/** Whatever was last used before this is idle. For the sweeper. */
export const idleSince = (now: Date): Date => new Date(now.getTime() - idleMilliseconds)
