import { setTimeout } from 'node:timers/promises'

/**
 * Waits until a condition holds: `check` is tried until it neither throws nor gives undefined or false. What holds in
 * time usually holds at once; the time is for a machine that does much else.
 * @throws what `check` last threw, when it does not hold in time
 */
export const eventually = async <T>(
  check: () => T | Promise<T>,
  timeoutMs = 20_000,
): Promise<Exclude<T, undefined | false>> => {
  let last: unknown = new Error('The condition did not come true')
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; await setTimeout(20)) {
    try {
      const value = await check()
      if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>
    } catch (thrown) {
      last = thrown
    }
  }
  throw last
}
