/** One side of a comparison, in the row's own unit. */
export type Side = {
  readonly name: string
  readonly value: number
  /** What the side's own processes used during its measured runs, all together; clients do not count. */
  readonly cpuSeconds: number
  /** The most that they took at any time. */
  readonly residentMegabytes: number
}

/** One line of the table. */
export type Measurement = {
  /** Such as `1 GB up, recording on`. */
  readonly what: string
  /** Of both values, such as `MB/s` or `ms p99`. */
  readonly unit: string
  readonly ours: Side
  /** Absent where the bar is absolute. */
  readonly peer?: Side
  /** Median of the pairwise ratios ours/peer. */
  readonly ratio?: number
  /** As in the table of targets, such as `≥ 1.3 × ProxyJump`. */
  readonly target: string
  readonly reached: boolean
  /** What a reader must know to trust the figure, such as a peer that stands in for another. */
  readonly note?: string
}

/** How much to measure. Pairs are interleaved: ours, peer, ours, peer. */
export type Effort = { readonly pairs: number; readonly seconds: number; readonly quick: boolean }

/** A row of the table of benchmarks, exported as `row` by `rows/<id>.ts`. What is missing here makes it throw `Missing`. */
export type Row = {
  readonly id: string
  readonly title: string
  readonly run: (effort: Effort) => Promise<readonly Measurement[]>
}

/** A peer that this machine does not have, with what to install. */
export class Missing extends Error {}
