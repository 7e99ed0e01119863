import type { Socket } from 'node:net'
import type { Client, ClientChannel, Connection, ServerChannel } from 'ssh2'

// oxlint-disable no-underscore-dangle -- these are ssh2's names.
// What ssh2 1.17 does not say in its interface. Its version is pinned, and the tests of this folder fail if it moves.

type MessageHandler = (protocol: unknown, ...parts: unknown[]) => void

/** The functions that ssh2 calls for each message that arrives, by the message's name. */
export const messageHandlersOf = (peer: Connection | Client): Record<string, MessageHandler | undefined> =>
  inside(inside(peer, '_protocol'), '_handlers')

/** How many bytes a peer may still send on one of our channels; undefined if there is no such channel. */
export const receiveWindowOf = (peer: Connection | Client, channel: number): number | undefined => {
  const found = inside<{ get(channel: number): unknown }>(peer, '_chanMgr').get(channel)
  if (typeof found !== 'object' || found === null) return undefined
  // On the server's side a session stands between, once its program was started.
  const within: unknown = Reflect.get(found, 'incoming') ? found : Reflect.get(found, '_channel')
  if (typeof within !== 'object' || within === null) return undefined
  return inside<{ window: number }>(within, 'incoming').window
}

/** Refuses a channel (RFC 4254, section 5.1) with a text that clients show, which ssh2 itself leaves empty. */
export const refuseChannel = (connection: Connection, sender: number, description: string): void => {
  const ADMINISTRATIVELY_PROHIBITED = 1
  const protocol = inside<{ channelOpenFail(sender: number, reason: number, description: string): void }>(
    connection,
    '_protocol',
  )
  protocol.channelOpenFail(sender, ADMINISTRATIVELY_PROHIBITED, description)
}

/**
 * Lets `refuses` see every message that arrives after the first key exchange, before ssh2 does. What it refuses nobody
 * sees, nor anything after it.
 */
export const inspectMessages = (connection: Connection, refuses: (message: Buffer) => boolean): void => {
  const protocol = inside<{ _onPayload(message: Buffer): unknown }>(connection, '_protocol')
  const handle = protocol._onPayload
  // Infinity is ssh2's own way to read no further.
  protocol._onPayload = message => (refuses(message) ? Infinity : handle(message))
}

/** Calls back whenever keyboard-interactive asks something. */
export const onQuestion = (connection: Connection, asked: () => void): void => {
  const protocol = inside<{ authInfoReq(...question: unknown[]): void }>(connection, '_protocol')
  const ask = protocol.authInfoReq.bind(protocol)
  protocol.authInfoReq = (...question) => {
    asked()
    ask(...question)
  }
}

type Transport = {
  /** Gone once the connection has failed. */
  readonly _destruct: unknown
  /** Our KEXINIT, from when it was sent to the end of the exchange. */
  readonly _kexinit: unknown
  disconnect(reason: number): void
  cleanup(): void
  rekey(): void
  _onError(error: Error): void
}

const transportOf = (peer: Connection | Client): Transport => inside(peer, '_protocol')

/** Tells the peer that it broke the protocol, if it can still be told, and closes the connection. */
export const disconnectForProtocolError = (peer: Connection | Client): void => {
  const PROTOCOL_ERROR = 2
  const transport = transportOf(peer)
  if (transport._destruct === undefined) return
  transport.disconnect(PROTOCOL_ERROR)
  transport.cleanup()
  transport._onError(new Error('the peer broke the protocol'))
}

export const isExchangingKeys = (peer: Connection | Client): boolean =>
  transportOf(peer)._kexinit !== undefined

/** Begins another key exchange, unless one is under way. What is written meanwhile waits. */
export const exchangeKeys = (peer: Connection | Client): void => transportOf(peer).rekey()

export const socketOf = (of: Connection | Client | ServerChannel | ClientChannel): Socket =>
  inside('stderr' in of ? inside(of, '_client') : of, '_sock')

export const isAuthenticated = (connection: Connection): boolean =>
  isTrue(Reflect.get(connection, 'authenticated'))

/**
 * Forgets what was written. ssh2 keeps the last piece that had to wait for the client's window, and sends it again
 * when another piece, on the other of stdout and stderr, has to wait.
 */
export const forgetWritten = (channel: ServerChannel): void => {
  for (const field of ['_chunk', '_chunkcb', '_chunkErr', '_chunkcbErr'])
    Reflect.set(channel, field, undefined)
}

const isTrue = (value: unknown): boolean => value === true

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape.
const inside = <T>(owner: object, field: string): T => {
  const value: unknown = Reflect.get(owner, field)
  if (typeof value !== 'object' || value === null) throw new Error(`ssh2 has no ${field} any more`)
  // The shape is that of the pinned version.
  return value as T
}
