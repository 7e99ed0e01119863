export const defaultMaxAttempts = 5
export const mostAttempts = 20

/** Attempts that a crash cut short may be followed by this many more, only to find out what the target has. */
const extraForCrashes = 5

/** No further attempt follows this one by itself. */
export const isLastAttempt = (number: number, maxAttempts: number): boolean => number >= maxAttempts

/** An operation that keeps killing its worker must stop at some time. */
export const isPoisonous = (number: number, maxAttempts: number): boolean =>
  number > maxAttempts + extraForCrashes
