import { SallyportError } from '@sallyport/errors/error'

export type RotationState = 'open' | 'promoted' | 'abandoned'

/** Vault's half of one operation's journal. */
export type Rotation = {
  operationId: string
  credentialId: string
  /** Of the newest attempt seen. */
  fencingToken: bigint
  state: RotationState
  candidateNumber: number
  startedAt: Date
}

/** A change takes seconds; while it is this young, whoever wants the secret had better wait for its end. */
const freshMs = 60_000

/** One that is older than this is stuck: the target answers to neither secret, or not at all. */
const stuckMs = 600_000

const ageOf = ({ startedAt }: Rotation, now: Date): number => now.getTime() - startedAt.getTime()

/** Refuses to release a secret that is being replaced this very moment. Throws `rotation.in_progress`. */
export const checkNotChanging = (open: Rotation | undefined, now: Date): void => {
  if (open !== undefined && ageOf(open, now) < freshMs) throw new SallyportError('rotation.in_progress')
}

/**
 * Whether a person who says what the secret is ends a rotation by it: only one that is stuck, since otherwise nobody
 * would know any more which secret the target has. Throws `rotation.in_progress`.
 */
export const isSuperseded = (open: Rotation | undefined, now: Date): open is Rotation => {
  if (open === undefined) return false
  if (ageOf(open, now) < stuckMs) throw new SallyportError('rotation.in_progress')
  return true
}

type Attempt = { operationId: string; credentialId: string; fencingToken: bigint }

/**
 * What an attempt that begins has to do: make a candidate, or take up the one that its operation has.
 *
 * `own` is its operation's rotation, `open` the open one of the credential, whichever operation began it.
 * Throws `rotation.fenced`, `rotation.ended` or `rotation.in_progress`.
 */
export const planBegin = (
  attempt: Attempt,
  own: Rotation | undefined,
  open: Rotation | undefined,
): 'create' | 'resume' => {
  if (own !== undefined) {
    checkFence(own, attempt.fencingToken)
    if (own.state !== 'open' || own.credentialId !== attempt.credentialId)
      throw new SallyportError('rotation.ended')
    return 'resume'
  }
  if (open !== undefined) throw new SallyportError('rotation.in_progress')
  return 'create'
}

/**
 * Whether an attempt that ends its rotation still has to do it; saying the same end twice is no error.
 * Throws `rotation.not_found`, `rotation.fenced` or `rotation.ended`.
 */
export const planEnd = (
  rotation: Rotation | undefined,
  fencingToken: bigint,
  end: 'promoted' | 'abandoned',
): 'apply' | 'done-already' => {
  if (rotation === undefined) throw new SallyportError('rotation.not_found')
  checkFence(rotation, fencingToken)
  if (rotation.state === 'open') return 'apply'
  if (rotation.state === end) return 'done-already'
  throw new SallyportError('rotation.ended')
}

// INVARIANT: once a newer attempt was seen, no older one has any effect, however late it wakes up.
const checkFence = (rotation: Rotation, fencingToken: bigint): void => {
  if (fencingToken < rotation.fencingToken) throw new SallyportError('rotation.fenced')
}
