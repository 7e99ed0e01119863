import type { CrashPoint } from './worker/journal.ts'

/**
 * Ends this very process, as `kill -9` does, at one place of the journal. For tests of what happens then: only a first
 * attempt dies, so that the same process, started again, resolves what it left behind.
 */
export const crashAt =
  (place: string): CrashPoint =>
  (reached, attempt) => {
    if (reached === place && attempt === 1) process.kill(process.pid, 'SIGKILL')
  }
