/** The names of the fields that differ, for the trail; their values stay out of it. */
export const changedFields = <T extends object>(before: T, after: T): string[] => {
  const values = new Map(Object.entries(before))
  return Object.entries(after)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(values.get(name)))
    .map(([name]) => name)
}
