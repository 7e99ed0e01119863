/** Why a session ended. The names are stored, published and documented: add, never change. */
export type EndReason =
  | 'closed'
  | 'terminated'
  | 'revoked'
  | 'window-over'
  | 'target-failed'
  | 'proxy-stopped'
  | 'recorder-failed'

export type SessionEnd = {
  readonly reason: EndReason
  /** A sentence for people. */
  readonly detail: string
  readonly exitStatus?: number
}

/** What the shell says for a program that a signal ended; and for what never came to an end of its own. */
const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ABRT: 6,
  KILL: 9,
  PIPE: 13,
  TERM: 15,
}

/** The exit status for a recording's last event: a signal counts as shells count it. */
export const statusOfSignal = (signal: string): number => 128 + (SIGNALS[signal.replace(/^SIG/, '')] ?? 0)
