export const USERAUTH_REQUEST = 50
export const USERAUTH_INFO_RESPONSE = 61

/** Transport messages, a service request, a request to sign in: all that a client may say before it has signed in. */
const BEFORE_LOGIN: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 7, 20, USERAUTH_REQUEST])

export type Moment = {
  readonly isAuthenticated: boolean
  /** Keyboard-interactive has asked, and was not answered yet. */
  readonly isAnswerDue: boolean
}

/**
 * Whether a client may send a message of this number (RFC 4250, section 4.1) outside a key exchange. Undefined is a
 * packet without a message in it.
 */
export const isLawful = (type: number | undefined, { isAuthenticated, isAnswerDue }: Moment): boolean => {
  if (type === undefined) return false
  if (isAuthenticated) return !isServers(type) && !isOfKeyExchange(type) && !isOfLogin(type)
  return type === USERAUTH_INFO_RESPONSE ? isAnswerDue : BEFORE_LOGIN.has(type)
}

const isServers = (type: number): boolean => type === 6
const isOfKeyExchange = (type: number): boolean => type >= 21 && type <= 49
const isOfLogin = (type: number): boolean => type >= 50 && type <= 79
