/** What the target says to one secret. */
export type Answer = 'works' | 'refused' | 'unreachable'

export type Probed = { candidate: Answer; current: Answer }

export type Situation = {
  probed: Probed
  /** Whether this attempt has sent the candidate already. */
  sent: boolean
  /** Another account signs in for the change, so that it can be made even if neither secret works. */
  privileged: boolean
  lastAttempt: boolean
}

export type Verdict =
  /** Proved: the candidate works, the old secret does not. */
  | 'promote'
  /** Send the candidate (again). */
  | 'send'
  /** Try again later. */
  | 'retry'
  /** Proved: the target still has the current secret only. Give up the candidate. */
  | 'abandon'
  /** Not known. Both secrets are kept, and nobody tries by himself again. */
  | 'keep-both'

/** What follows from the answers of the target to both secrets. */
export const decide = ({ probed, sent, privileged, lastAttempt }: Situation): Verdict => {
  const later: Verdict = lastAttempt ? 'keep-both' : 'retry'
  const { candidate, current } = probed
  if (candidate === 'unreachable' || current === 'unreachable') return later
  if (candidate === 'works') return current === 'refused' ? 'promote' : later
  if (current === 'works') {
    if (!sent) return 'send'
    return lastAttempt ? 'abandon' : 'retry'
  }
  // Neither works. Only somebody else's account can repair that; guessing on would lock this one out.
  if (!privileged) return 'keep-both'
  return sent ? later : 'send'
}
