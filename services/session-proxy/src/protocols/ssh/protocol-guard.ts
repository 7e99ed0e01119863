import type { Connection } from 'ssh2'
import {
  disconnectForProtocolError,
  inspectMessages,
  isAuthenticated,
  messageHandlersOf,
  onQuestion,
  refuseChannel,
} from './internals.ts'
import { isLawful, USERAUTH_INFO_RESPONSE, USERAUTH_REQUEST } from './lawful-messages.ts'

export type GuardOptions = {
  readonly mayOpenSession: () => boolean
  readonly onRefused: (feature: string) => void
  readonly onViolation: (message: number | undefined) => void
}

/**
 * Closes connections that speak out of turn, of which ssh2 ignores some and lets the client go on trying, and refuses
 * channels that are not sessions with a reason.
 */
export const guardProtocol = (connection: Connection, options: GuardOptions): void => {
  let isAnswerDue = false
  onQuestion(connection, () => {
    isAnswerDue = true
  })
  inspectMessages(connection, message => {
    const type = message[0]
    if (!isLawful(type, { isAuthenticated: isAuthenticated(connection), isAnswerDue })) {
      options.onViolation(type)
      disconnectForProtocolError(connection)
      return true
    }
    // A new request aborts the dialogue, and a question is answered once.
    if (type === USERAUTH_REQUEST || type === USERAUTH_INFO_RESPONSE) isAnswerDue = false
    return false
  })
  const handlers = messageHandlersOf(connection)
  const open = handlers['CHANNEL_OPEN']
  handlers['CHANNEL_OPEN'] = (protocol, info) => {
    const refusal = refusalOf(info, options)
    if (refusal === undefined) return open?.(protocol, info)
    options.onRefused(refusal.feature)
    refuseChannel(connection, refusal.sender, refusal.text)
  }
}

const FORWARDING = 'Sallyport does not forward ports, sockets, agents or displays'
const TOO_MANY = 'too many sessions on this connection'

type Refusal = { readonly sender: number; readonly feature: string; readonly text: string }

/** Why this channel may not be opened, if it may not. */
const refusalOf = (info: unknown, { mayOpenSession }: GuardOptions): Refusal | undefined => {
  if (typeof info !== 'object' || info === null || !('type' in info) || !('sender' in info)) return undefined
  const { type, sender } = info
  if (typeof sender !== 'number') return undefined
  if (type !== 'session') return { sender, feature: String(type).slice(0, 60), text: FORWARDING }
  return mayOpenSession() ? undefined : { sender, feature: 'too many sessions', text: TOO_MANY }
}
