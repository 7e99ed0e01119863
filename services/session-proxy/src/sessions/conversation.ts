/** How the proxy talks with a person before there is a session, whatever the protocol. */
export type Conversation = {
  /** Whether a person can answer questions. */
  readonly canAsk: boolean
  /** A reason that came with the connection. */
  readonly reason?: string
  say(text: string): Promise<void>
  /** The answer, or undefined if the person gave up. */
  ask(question: string): Promise<string | undefined>
  /** Runs work that the person may interrupt. The signal is aborted when they do, or when they are gone. */
  interruptible<T>(work: (interrupted: AbortSignal) => Promise<T>): Promise<T>
}
