/** What is in the first list and not in the second, in order. */
export const without = <T>(these: readonly T[], those: readonly T[]): T[] =>
  these.filter(one => !those.includes(one))
