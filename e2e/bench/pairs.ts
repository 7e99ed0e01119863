import { meterProcesses } from './process-meter.ts'
import type { Effort, Side } from './row.ts'

/** Something that does the work, ours or a peer. */
export type Contestant = {
  readonly name: string
  /** Its processes, whose use is shown; not those of the load. */
  readonly processes: readonly number[]
  /** Does the work once, checks what came out, and gives the figure. Throws if anything was wrong. */
  readonly run: () => Promise<number>
}

export type Compared = { readonly ours: Side; readonly peer: Side; readonly ratio: number }

/**
 * Measures two contestants in turns, so that whatever else the machine does meets both: once each to warm up, then
 * pairs. The values are medians, the ratio the median of the pairs' ratios.
 */
export const compare = async (
  effort: Pick<Effort, 'pairs'>,
  ours: Contestant,
  peer: Contestant,
): Promise<Compared> => {
  const [compared] = await compareAll(effort, ours, [peer])
  if (compared === undefined) throw new Error('there was one peer')
  return compared
}

/** The same with several peers, one after the other in each turn. */
export const compareAll = async (
  { pairs }: Pick<Effort, 'pairs'>,
  ours: Contestant,
  peers: readonly Contestant[],
): Promise<Compared[]> => {
  const us = ledgerOf(ours)
  const them = peers.map(ledgerOf)
  for (const contestant of [ours, ...peers]) await contestant.run()
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const ledger of [us, ...them]) await ledger.measure()
  }
  return them.map(peer => {
    const ratios = us.values.map((value, index) => value / (peer.values[index] ?? Number.NaN))
    return { ours: us.side(), peer: peer.side(), ratio: median(ratios) }
  })
}

/** Measures one contestant alone, where the bar is absolute. */
export const measure = async ({ pairs }: Pick<Effort, 'pairs'>, ours: Contestant): Promise<Side> => {
  const us = ledgerOf(ours)
  await ours.run()
  for (let run = 0; run < pairs; run += 1) await us.measure()
  return us.side()
}

const ledgerOf = ({ name, processes, run }: Contestant) => {
  const values: number[] = []
  let cpuSeconds = 0
  let residentMegabytes = 0
  return {
    values,
    measure: async (): Promise<void> => {
      using meter = meterProcesses(processes)
      values.push(await run())
      cpuSeconds += meter.cpuSeconds()
      residentMegabytes = Math.max(residentMegabytes, meter.peakMegabytes())
    },
    side: (): Side => ({ name, value: median(values), cpuSeconds, residentMegabytes }),
  }
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** @param share from 0 to 1: 0.99 is p99 */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const [below = Number.NaN, above = below] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return below + (above - below) * (place % 1)
}

/** The slope of y over x on logarithmic axes: 0 does not grow, 1 grows in proportion. Least squares. */
export const logLogSlope = (points: readonly { readonly x: number; readonly y: number }[]): number => {
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }))
  const mean = (of: 'x' | 'y'): number => logs.reduce((total, point) => total + point[of], 0) / logs.length
  const [x, y] = [mean('x'), mean('y')]
  const covariance = logs.reduce((total, point) => total + (point.x - x) * (point.y - y), 0)
  return covariance / logs.reduce((total, point) => total + (point.x - x) ** 2, 0)
}
