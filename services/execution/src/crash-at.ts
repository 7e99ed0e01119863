import type { CrashPoint } from './worker/journal.ts'

/** Ends this very process, as `kill -9` does, at one place of the journal. For tests of what happens then. */
export const crashAt =
  (place: string): CrashPoint =>
  reached => {
    if (reached === place) process.kill(process.pid, 'SIGKILL')
  }
