import type { Client, Connection } from 'ssh2'
import { disconnectForProtocolError, messageHandlersOf, receiveWindowOf } from './internals.ts'

/** Smaller packets cost more than they carry. Of none at all ssh2 would send one after another for ever. */
const MIN_PACKET_BYTES = 1024

const DATA = ['CHANNEL_DATA', 'CHANNEL_EXTENDED_DATA']
const OPENINGS = ['CHANNEL_OPEN', 'CHANNEL_OPEN_CONFIRMATION']

/**
 * Closes connections whose peer sends more than it was given room for, or takes packets of no use. ssh2 would keep all of
 * the one, and never come back from the other.
 */
export const guardChannels = (peer: Connection | Client): void => {
  const handlers = messageHandlersOf(peer)
  for (const name of DATA) {
    const handle = handlers[name]
    handlers[name] = (protocol, recipient, data, ...rest) => {
      if (isWithinWindow(peer, recipient, data)) handle?.(protocol, recipient, data, ...rest)
      else disconnectForProtocolError(peer)
    }
  }
  for (const name of OPENINGS) {
    const handle = handlers[name]
    handlers[name] = (protocol, info, ...rest) => {
      if (packetBytesOf(info) >= MIN_PACKET_BYTES) handle?.(protocol, info, ...rest)
      else disconnectForProtocolError(peer)
    }
  }
}

const isWithinWindow = (peer: Connection | Client, recipient: unknown, data: unknown): boolean =>
  typeof recipient === 'number' &&
  data instanceof Uint8Array &&
  data.byteLength <= (receiveWindowOf(peer, recipient) ?? Number.POSITIVE_INFINITY)

const packetBytesOf = (info: unknown): number =>
  typeof info === 'object' && info !== null && 'packetSize' in info && typeof info.packetSize === 'number'
    ? info.packetSize
    : 0
