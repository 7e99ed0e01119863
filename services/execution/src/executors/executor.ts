import type { Secret } from '@sallyport/crypto/secret'
import type { Answer } from '../domain/rotation/decide.ts'
import type { Template } from '../domain/template/ast.ts'
import type { TagValues } from '../domain/template/tags.ts'

/** Where to connect, and by which keys the target is recognised. No key: nothing may connect. */
export type Target = { address: string; port: number; hostKeys: readonly Uint8Array[] }

export type SignIn = { username: string; kind: 'password' | 'ssh-key'; secret: Secret }

/** Takes what is worth keeping of an attempt. It masks at once: it is given secrets' echoes. */
export type Capture = {
  /** A line of our own, without values. */
  note(line: string): void
  /** What the target printed. One sink for each stream, since a secret may be cut at any place. */
  output(): { write(bytes: Uint8Array): void; end(): void }
}

export type Run = {
  target: Target
  signIn: SignIn
  template: Template
  values: TagValues
  capture: Capture
  /** Called right before anything is sent; throws once this worker may not act any more. */
  guard: () => void
  signal: AbortSignal
  /** Awaited after signing in and before the template begins. If it fails, nothing is sent. */
  onSignedIn: () => Promise<void>
}

/** Runs templates against one kind of target. */
export type Executor = {
  /** Throws AttemptFailure. */
  run(run: Run): Promise<void>
  /**
   * Whether the target lets this account in. Exactly one attempt to sign in; `refused` only if the target said no to
   * this very secret.
   */
  probe(target: Target, signIn: SignIn, signal: AbortSignal): Promise<Answer>
}
