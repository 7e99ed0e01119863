import { AttemptFailure } from '../../src/domain/rotation/failure.ts'
import type { Executor } from '../../src/executors/executor.ts'

export type FakeTarget = Executor & {
  /** Everything that the account lets in. */
  accepted: Set<string>
  /** How often a secret was set, and which. */
  readonly changes: string[]
  /** How often a wrong secret was tried since the last right one. */
  wrongInARow: number
  mostWrongInARow: number
  reachable: boolean
  /** Where the next change breaks: before anything is set, or after it. */
  breakNext: 'before' | 'after' | undefined
}

/** An account on a target that takes a new password from whoever signs in. */
export const fakeTarget = (password: string): FakeTarget => {
  const tell = (secret: { use<T>(fn: (bytes: Buffer) => T): T }) => secret.use(bytes => bytes.toString())
  const tryToSignIn = (secret: string): boolean => {
    const right = target.accepted.has(secret) || secret === 'root-secret'
    target.wrongInARow = right ? 0 : target.wrongInARow + 1
    target.mostWrongInARow = Math.max(target.mostWrongInARow, target.wrongInARow)
    return right
  }
  const target: FakeTarget = {
    accepted: new Set([password]),
    changes: [],
    wrongInARow: 0,
    mostWrongInARow: 0,
    reachable: true,
    breakNext: undefined,
    run: async ({ signIn, values, guard, onSignedIn, capture }) => {
      guard()
      if (!target.reachable) throw new AttemptFailure('unreachable')
      if (!tryToSignIn(tell(signIn.secret))) throw new AttemptFailure('authentication_failed')
      await onSignedIn()
      const broken = target.breakNext
      target.breakNext = undefined
      if (broken === 'before') throw new AttemptFailure('connection_lost')
      guard()
      const next = Buffer.from(values.NEW_PASSWORD ?? []).toString()
      target.accepted = new Set([next])
      target.changes.push(next)
      const output = capture.output()
      output.write(Buffer.from(`new password is ${next}\n`))
      output.end()
      if (broken === 'after') throw new AttemptFailure('connection_lost')
    },
    probe: async (_target, { secret }) => {
      if (!target.reachable) return 'unreachable'
      return tryToSignIn(tell(secret)) ? 'works' : 'refused'
    },
  }
  return target
}
