import { ForbiddenTarget } from '@sallyport/egress/egress'
import { SallyportError } from '@sallyport/errors/error'
import type { Reason } from '@sallyport/errors/reasons'

const SOCKET_REASONS: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ['ECONNREFUSED', 'session_target.refused'],
  ['EHOSTUNREACH', 'session_target.unreachable'],
  ['ENETUNREACH', 'session_target.unreachable'],
  ['ENOTFOUND', 'session_target.unreachable'],
  ['EAI_AGAIN', 'session_target.unreachable'],
  ['ETIMEDOUT', 'session_target.timeout'],
])

/** Says in our words what went wrong on the way to a target. What the target itself said stays in the cause. */
export const targetFailure = (error: unknown): SallyportError => {
  if (error instanceof SallyportError) return error
  if (error instanceof ForbiddenTarget) return new SallyportError('session_target.forbidden')
  return new SallyportError(reasonOf(error), undefined, { cause: error })
}

const reasonOf = (error: unknown): Reason => {
  if (!(error instanceof Error)) return 'session_target.protocol'
  const code = 'code' in error ? String(error.code) : ''
  const level = 'level' in error ? String(error.level) : ''
  if (level === 'client-authentication') return 'session_target.sign_in_refused'
  if (level === 'client-timeout') return 'session_target.timeout'
  return SOCKET_REASONS.get(code) ?? 'session_target.protocol'
}
