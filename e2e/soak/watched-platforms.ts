export type WatchedKind = 'one-process' | 'two-replicas'

type WatchedPlatform = {
  readonly kind: WatchedKind
  readonly title: string
  readonly processes: number
  /** Of the work that one of the processes does, and so of what it may keep. */
  readonly share: number
}

export const watchedPlatforms: readonly WatchedPlatform[] = [
  { kind: 'one-process', title: 'all services in one process', processes: 1, share: 1 },
  { kind: 'two-replicas', title: 'two replicas of each service', processes: 12, share: 1 / 2 },
]
