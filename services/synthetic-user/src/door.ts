/** The SSH door of the platform, as its users have it. */
export type Door = {
  /** Signs in with a one-time code. */
  readonly connect: (code: string) => Promise<Connection>
}

/** Disposing it ends it, and what runs over it. */
export type Connection = AsyncDisposable & {
  readonly run: (command: string, reason: string) => Promise<Visit>
}

/** A command on the target, or the wait for it. */
export type Visit = {
  /** Waits until it shows something. @throws Error with what it showed instead, when it ends before */
  readonly shows: (pattern: RegExp) => Promise<RegExpExecArray>
  /** Resolves when it is over. */
  readonly ended: Promise<void>
}
