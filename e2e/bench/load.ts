import { quantile } from './pairs.ts'

export type Loaded = { readonly perSecond: number; readonly p50: number; readonly p99: number }

/** Does something `count` times, so many at a time; gives how often a second, and how long each took in ms. */
export const load = async (
  count: number,
  atOnce: number,
  once: (index: number) => Promise<void>,
): Promise<Loaded> => {
  const times: number[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      const began = performance.now()
      await once(index)
      times.push(performance.now() - began)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: atOnce }, work))
  const seconds = (performance.now() - began) / 1000
  return { perSecond: count / seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
}
