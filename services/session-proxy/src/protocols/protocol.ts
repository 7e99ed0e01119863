/** A door for one protocol, open until it is disposed of. */
export type ProtocolServer = AsyncDisposable & {
  /** `host:port`, with the port that was bound. */
  readonly address: string
  /** Lets nobody new in; whoever is connected stays. */
  readonly stopAccepting: () => void
}
