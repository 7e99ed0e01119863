import { setTimeout } from 'node:timers/promises'

/**
 * Waits until a look finds something.
 * @throws Error naming what did not come in time
 */
export const waitFor = async <T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 30_000,
): Promise<T> => {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; await setTimeout(50)) {
    const found = await look()
    if (found !== undefined) return found
  }
  throw new Error(`Waited in vain for ${what}`)
}
