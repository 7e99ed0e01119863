import { Action, Outcome, RequestState } from '@sallyport/contracts/access_control/v1/access'
import { SallyportError } from '@sallyport/errors/error'
import type * as domain from '../domain/decision.ts'
import type { RequestState as State } from '../domain/request.ts'

/** Wire enums become words here. What this version does not know is refused. */
export const readAction = (action: Action): domain.Action => {
  if (action === Action.VIEW) return 'view'
  if (action === Action.SESSION) return 'session'
  throw new SallyportError('request.invalid', 'unknown action')
}

export const actionMessage = (action: string): Action => {
  if (action === 'view') return Action.VIEW
  if (action === 'session') return Action.SESSION
  return action === 'rotate' ? Action.ROTATE : Action.UNSPECIFIED
}

const outcomes: Readonly<Record<domain.Outcome, Outcome>> = {
  allowed: Outcome.ALLOWED,
  'justification-required': Outcome.JUSTIFICATION_REQUIRED,
  'approval-required': Outcome.APPROVAL_REQUIRED,
  denied: Outcome.DENIED,
}

export const outcomeMessage = (outcome: domain.Outcome): Outcome => outcomes[outcome]

const states: Readonly<Record<State, RequestState>> = {
  pending: RequestState.PENDING,
  approved: RequestState.APPROVED,
  disapproved: RequestState.DISAPPROVED,
  canceled: RequestState.CANCELED,
  revoked: RequestState.REVOKED,
  expired: RequestState.EXPIRED,
}

export const stateMessage = (state: State): RequestState => states[state]

/** Undefined for "every state". */
export const readStateFilter = (state: RequestState): State | undefined => {
  if (state === RequestState.UNSPECIFIED) return undefined
  const known = (Object.keys(states) as State[]).find(name => states[name] === state)
  if (known === undefined) throw new SallyportError('request.invalid', 'unknown request state')
  return known
}
