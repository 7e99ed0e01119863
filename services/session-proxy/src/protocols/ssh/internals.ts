import type { Socket } from 'node:net'
import type { Connection, ServerChannel } from 'ssh2'

// What ssh2 1.17 does not say in its interface. Its version is pinned, and the tests of this folder fail if it moves.

type MessageHandler = (protocol: unknown, ...parts: unknown[]) => void

/** The functions that ssh2 calls for each message that arrives, by the message's name. */
export const messageHandlersOf = (connection: Connection): Record<string, MessageHandler | undefined> =>
  inside(inside(connection, '_protocol'), '_handlers')

/** Refuses a channel (RFC 4254, section 5.1) with a text that clients show, which ssh2 itself leaves empty. */
export const refuseChannel = (connection: Connection, sender: number, description: string): void => {
  const ADMINISTRATIVELY_PROHIBITED = 1
  const protocol = inside<{ channelOpenFail(sender: number, reason: number, description: string): void }>(
    connection,
    '_protocol',
  )
  protocol.channelOpenFail(sender, ADMINISTRATIVELY_PROHIBITED, description)
}

export const disconnectForProtocolError = (connection: Connection): void => {
  const PROTOCOL_ERROR = 2
  inside<{ disconnect(reason: number): void }>(connection, '_protocol').disconnect(PROTOCOL_ERROR)
  socketOf(connection).destroy()
}

export const socketOf = (connection: Connection): Socket => inside(connection, '_sock')

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
