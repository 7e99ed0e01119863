import { type JournalStep, wasSent } from './journal.ts'

/**
 * Which secret to try first: the likelier one. A right password clears the target's failure counter, so an attempt
 * leaves at most one wrong one behind, except where neither works; then no attempt follows by itself.
 */
export const probeFirst = (reached: JournalStep): 'candidate' | 'current' =>
  wasSent(reached) ? 'candidate' : 'current'
