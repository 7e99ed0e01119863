import { SallyportError } from '@sallyport/errors/error'

/** Runs work with a limit on how much runs at once. */
export type Limiter = <R>(work: () => Promise<R>) => Promise<R>

/**
 * At most `atOnce` at a time, and `waiting` in the queue. Hashing takes 19 MiB and 46 ms each: without a limit a burst
 * of logins would take the memory and the processors of everything else.
 */
export const createLimiter = (atOnce: number, waiting: number): Limiter => {
  const queue: (() => void)[] = []
  let running = 0
  return async work => {
    if (running >= atOnce) {
      if (queue.length >= waiting) throw new SallyportError('login.busy')
      await new Promise<void>(resolve => queue.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      const next = queue.shift()
      // The place passes on without becoming free, so that nobody overtakes the queue.
      if (next) next()
      else running--
    }
  }
}
