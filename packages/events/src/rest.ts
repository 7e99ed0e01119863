import { setTimeout as pause } from 'node:timers/promises'

/** Waits, or returns at once when the signal fires. */
export const rest = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  try {
    await pause(milliseconds, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
