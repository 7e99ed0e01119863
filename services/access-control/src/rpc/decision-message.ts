import { type Decision as DecisionMessage, RequestState } from '@sallyport/contracts/access_control/v1/access'
import type { Decision } from '../domain/decision.ts'
import { readState, type RequestRow } from '../store/requests.ts'
import { outcomeMessage, stateMessage } from './wire-enums.ts'

/** A decision, with the open request that goes with it. */
export const decisionMessage = (decision: Decision, request?: RequestRow): DecisionMessage => ({
  outcome: outcomeMessage(decision.outcome),
  rule: decision.rule,
  reasons: decision.reasons.map(reason => ({ ...reason })),
  requestId: request?.id ?? '',
  requestState: request === undefined ? RequestState.UNSPECIFIED : stateMessage(readState(request.state)),
})
