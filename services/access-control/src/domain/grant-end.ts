import type { Decision } from './decision.ts'
import type { RequestFacts } from './request.ts'
import { addSeconds } from './window.ts'

/**
 * When everything that a grant gives must end: with the request's window, or without one after the longest time that
 * the rule allows; and never later than the login that it depends on.
 */
export const grantEnd = (
  decision: Decision,
  request: RequestFacts | undefined,
  loginEnds: Date,
  now: Date,
): Date => {
  const window = request?.window.end ?? addSeconds(now, decision.rule.maxWindowSeconds)
  return window < loginEnds ? window : loginEnds
}
