/** Reads something at most once in so many milliseconds, whoever asks how often; a failure is not remembered. */
export const atMostEvery = <T>(
  everyMs: number,
  read: () => Promise<T>,
  steadyNow: () => number = () => performance.now(),
): (() => Promise<T>) => {
  let last: { readonly at: number; readonly value: Promise<T> } | undefined
  return () => {
    if (last !== undefined && steadyNow() - last.at < everyMs) return last.value
    const begun = { at: steadyNow(), value: read() }
    last = begun
    begun.value.catch(() => {
      if (last === begun) last = undefined
    })
    return begun.value
  }
}
