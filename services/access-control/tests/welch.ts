/** Times of two kinds of the same thing, in milliseconds, measured in turn. */
export type Samples = readonly [readonly number[], readonly number[]]

/**
 * How far two kinds differ, as dudect does it: Welch's t over everything, and over what is left after the slowest were
 * cut off at several shares of both together, since noise makes times longer and never shorter. The largest counts.
 * Under 4.5 there is no evidence that they differ.
 */
export const differenceOf = ([one, other]: Samples): number => {
  const pooled = [...one, ...other].toSorted((a, b) => a - b)
  const cuts = [1, 0.95, 0.9, 0.75, 0.5].map(
    share => pooled[Math.ceil(pooled.length * share) - 1] ?? Infinity,
  )
  return Math.max(
    ...cuts.map(cut =>
      Math.abs(
        welch(
          one.filter(time => time <= cut),
          other.filter(time => time <= cut),
        ),
      ),
    ),
  )
}

const welch = (one: readonly number[], other: readonly number[]): number => {
  const [a, b] = [momentsOf(one), momentsOf(other)]
  return (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count)
}

const momentsOf = (times: readonly number[]): { count: number; mean: number; variance: number } => {
  const count = times.length
  const mean = times.reduce((sum, time) => sum + time, 0) / count
  const variance = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (count - 1)
  return { count, mean, variance }
}

/** Measures two kinds in random turn, after some that do not count. */
export const measured = async (
  count: number,
  kinds: readonly [() => Promise<unknown>, () => Promise<unknown>],
  between: () => Promise<unknown> = async () => {},
): Promise<Samples> => {
  const samples: [number[], number[]] = [[], []]
  for (let n = -10; n < 2 * count; n++) {
    await between()
    const kind = Math.random() < 0.5 ? 0 : 1
    const start = process.hrtime.bigint()
    await kinds[kind]()
    const time = Number(process.hrtime.bigint() - start) / 1e6
    if (n >= 0) samples[kind].push(time)
  }
  return samples
}
