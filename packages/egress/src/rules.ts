/** Where targets must not be, besides what is no host at all or answers for a cloud. */
export type EgressRules = {
  /** Whether targets may be on this very machine. */
  readonly allowLoopback: boolean
  /** More networks, each `address/prefix`: an installation's own. */
  readonly forbidden: readonly string[]
}

/** The rules of a laptop: a target may be the laptop itself. */
export const laptopRules: EgressRules = { allowLoopback: true, forbidden: [] }
