import type { ErrorCode } from '@sallyport/errors/codes'
import { SallyportError } from '@sallyport/errors/error'
import type { Reason } from '@sallyport/errors/reasons'
import type { Access } from '../clients/access-control.ts'
import type { BegunRotation, RotationName, RotationVault } from '../clients/vault.ts'
import { AttemptFailure, type FailureCode } from '../domain/rotation/failure.ts'
import type { Job } from '../store/job.ts'

type Deps = { access: Access; vault: Pick<RotationVault, 'begin' | 'promote'> }

/** `version`: the rotation had been promoted already, and only our own note of it was missing. */
export type Begun = { rotation: BegunRotation } | { version: number }

export const rotationNameOf = ({ lease, rotationId }: Job): RotationName => ({
  tenantId: lease.tenantId,
  rotationId,
  fencingToken: lease.fencingToken,
})

/** Gets the grants of this attempt, and with them the secrets. */
export const beginRotation = async (deps: Deps, job: Job, signal: AbortSignal): Promise<Begun> => {
  try {
    const own = await grantFor(deps.access, job, job.credentialId, signal)
    const { privilegedCredentialId: other } = job
    const privileged = other === undefined ? undefined : await grantFor(deps.access, job, other, signal)
    return { rotation: await deps.vault.begin(rotationNameOf(job), { own, privileged }, signal) }
  } catch (error) {
    if (error instanceof SallyportError && error.reason === 'rotation.ended')
      return { version: await ended(deps, job) }
    throw asFailure(error)
  }
}

const grantFor = (access: Access, job: Job, credentialId: string, signal: AbortSignal): Promise<string> => {
  const { lease, attemptId, rotationId, deviceId } = job
  return access.grantForAttempt(
    { tenantId: lease.tenantId, operationId: rotationId, attemptId, credentialId, deviceId },
    signal,
  )
}

/** Saying an end again tells which it was: vault refuses to promote what was given up. */
const ended = async (deps: Deps, job: Job): Promise<number> => {
  try {
    return await deps.vault.promote(rotationNameOf(job))
  } catch (error) {
    if (error instanceof SallyportError && error.reason === 'rotation.ended')
      throw new AttemptFailure('given_up')
    throw asFailure(error)
  }
}

const byReason: Partial<Record<Reason, FailureCode>> = {
  'rotation.fenced': 'lease_lost',
  'rotation.in_progress': 'other_rotation',
  'rotation.unsupported': 'unsupported',
}

const byCode: Record<ErrorCode, FailureCode> = {
  permission_denied: 'not_granted',
  unauthenticated: 'not_granted',
  not_found: 'not_granted',
  failed_precondition: 'unsupported',
  invalid_argument: 'unsupported',
  already_exists: 'unsupported',
  version_conflict: 'dependency',
  resource_exhausted: 'dependency',
  unavailable: 'dependency',
  deadline_exceeded: 'dependency',
  canceled: 'dependency',
  internal: 'internal',
}

/** What another service says, as the failure of an attempt. */
export const asFailure = (error: unknown): AttemptFailure => {
  if (error instanceof AttemptFailure) return error
  if (!(error instanceof SallyportError)) return new AttemptFailure('internal', undefined, { cause: error })
  const known = byReason[error.reason]
  if (known !== undefined) return new AttemptFailure(known, error.message, { cause: error })
  const failure = byCode[error.code]
  // What another service calls internal is nothing that anybody here could explain.
  return new AttemptFailure(failure, failure === 'internal' ? undefined : error.message, { cause: error })
}
