import type { Authentication, CallerTokens, SignedIn } from '../../clients/authentication.ts'

/** Gives fresh caller tokens for a login, so that a login which has ended can do nothing new. */
export type CallerTokenSource = () => Promise<CallerTokens>

/** Tokens last 60 s: ones with less than 20 s left are not used for a new call. */
const FRESH_MILLISECONDS = 40_000

export const callerTokenSource = (
  authentication: Pick<Authentication, 'callerTokens'>,
  login: SignedIn,
  sourceAddress: string,
  clock: { now(): Date },
): CallerTokenSource => {
  let held: { tokens: CallerTokens; at: number } | undefined
  return async () => {
    const now = clock.now().getTime()
    if (held !== undefined && now - held.at < FRESH_MILLISECONDS) return held.tokens
    held = { tokens: await authentication.callerTokens(login.sessionToken, sourceAddress), at: now }
    return held.tokens
  }
}
