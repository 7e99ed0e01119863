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

/** Every case once for each change of the code, and a hundred times at night. */
export const repeated = <T>(cases: readonly T[]): T[] =>
  Array.from({ length: counted(100, 1) }, () => cases).flat()

/** All places, as often as asked for. */
export const everyPlace = (): string[] => repeated<string>(faultPlaces)
