export type WatchedKind = 'one-process' | 'two-replicas'

export type WatchedPlatform = {
  readonly kind: WatchedKind
  readonly title: string
  readonly processes: number
  /** To collect the garbage of a dozen processes takes a while. */
  readonly sampledEveryMs: number
}

export const watchedPlatforms: readonly WatchedPlatform[] = [
  { kind: 'one-process', title: 'all services in one process', processes: 1, sampledEveryMs: 10_000 },
  { kind: 'two-replicas', title: 'two replicas of each service', processes: 12, sampledEveryMs: 20_000 },
]
