import type { Connection } from 'ssh2'
import { disconnectForProtocolError, isAuthenticated, messageHandlersOf, refuseChannel } from './internals.ts'

/** Messages that only an authenticated client may send. ssh2 ignores them before, and lets the client go on trying. */
const ONLY_AFTER_LOGIN = [
  'GLOBAL_REQUEST',
  'CHANNEL_OPEN',
  'CHANNEL_OPEN_CONFIRMATION',
  'CHANNEL_OPEN_FAILURE',
  'CHANNEL_WINDOW_ADJUST',
  'CHANNEL_DATA',
  'CHANNEL_EXTENDED_DATA',
  'CHANNEL_EOF',
  'CHANNEL_CLOSE',
  'CHANNEL_REQUEST',
  'CHANNEL_SUCCESS',
  'CHANNEL_FAILURE',
]

/** Messages that only a server sends (the trick of CVE-2018-10933). */
const NEVER_FROM_CLIENT = [
  'SERVICE_ACCEPT',
  'USERAUTH_SUCCESS',
  'USERAUTH_FAILURE',
  'USERAUTH_BANNER',
  'USERAUTH_PK_OK',
  'USERAUTH_PASSWD_CHANGEREQ',
  'USERAUTH_INFO_REQUEST',
]

export type GuardOptions = {
  readonly mayOpenSession: () => boolean
  readonly onRefused: (feature: string) => void
  readonly onViolation: (message: string) => void
}

/** Closes connections that speak out of turn, and refuses channels that are not sessions with a reason. */
export const guardProtocol = (connection: Connection, options: GuardOptions): void => {
  const handlers = messageHandlersOf(connection)
  const violate = (message: string): void => {
    options.onViolation(message)
    disconnectForProtocolError(connection)
  }
  for (const name of NEVER_FROM_CLIENT) handlers[name] = () => violate(name)
  for (const name of ONLY_AFTER_LOGIN) {
    const handle = handlers[name]
    handlers[name] = (protocol, ...parts) => {
      if (!isAuthenticated(connection)) violate(name)
      else handle?.(protocol, ...parts)
    }
  }
  const open = handlers['CHANNEL_OPEN']
  handlers['CHANNEL_OPEN'] = (protocol, info) => {
    const refusal = isAuthenticated(connection) ? refusalOf(info, options) : undefined
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
