import { counted } from '@sallyport/testing/proof'

/**
 * Where a password change can be interrupted, each with a state of its own in journal, vault and target. "Before" a step
 * and "after" the one before it are told apart only where something happens between them. The ninth place, in the middle
 * of a commit, is for the database to strike at.
 */
export const faultPlaces = [
  'after candidate-sealed',
  'after sending',
  'before sent',
  'after sent',
  'after new-verified',
  'after old-refused',
  'before promoted',
  'after promoted',
] as const

/**
 * Every case once for each change of the code. At night often enough that each place is torn a hundred times: there are
 * at least three ways to tear at each (cable, PostgreSQL, platform), and three commits to fail.
 */
export const repeated = <T>(cases: readonly T[]): T[] =>
  Array.from({ length: counted(34, 1) }, () => cases).flat()

/** All places, as often as asked for. */
export const everyPlace = (): string[] => repeated<string>(faultPlaces)
