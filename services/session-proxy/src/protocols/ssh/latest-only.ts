/**
 * Hands values on one at a time. Of those that come meanwhile only the last one is kept: whoever sends sizes faster than
 * they can be recorded fills no memory.
 */
export const latestOnly = <T>(take: (value: T) => Promise<void>): ((value: T) => void) => {
  let next: { readonly value: T } | undefined
  let isBusy = false
  const run = async (): Promise<void> => {
    isBusy = true
    for (let now = next; now !== undefined; now = next) {
      next = undefined
      await take(now.value)
    }
    isBusy = false
  }
  return value => {
    next = { value }
    // A refusal stays busy for good: nothing is handed on any more.
    if (!isBusy) run().catch(() => undefined)
  }
}
