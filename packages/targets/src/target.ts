/** An SSH server on loopback with one account: what a demonstration or a test gives to Sallyport to guard. */
export type Target = AsyncDisposable & {
  /** For people: which program it is. */
  readonly description: string
  readonly address: string
  readonly port: number
  readonly username: string
  /** The account's password when the target started. */
  readonly password: string
}
