import { rest } from './rest.ts'

/** Does what only the signal is to end. When it fails that is told, and it begins anew after a second. */
export const persist = async (
  signal: AbortSignal,
  work: () => Promise<void>,
  tell: (failure: unknown) => void,
): Promise<void> => {
  while (!signal.aborted) {
    try {
      await work()
    } catch (failure) {
      if (signal.aborted) return
      tell(failure)
      await rest(1000, signal)
    }
  }
}
