import type { Client, Connection } from 'ssh2'
import { disconnectForProtocolError, exchangeKeys, isExchangingKeys, socketOf } from './internals.ts'

export type RekeyLimits = {
  /** How much the same keys may carry, both directions together. */
  readonly bytes: number
  readonly seconds: number
  /** How long an exchange may take before the connection is given up. */
  readonly exchangeSeconds: number
}

export type Rekeying = Disposable & {
  /** Watches a connection from before its first key exchange to its end. */
  watch(peer: Connection | Client): void
}

/** Keeps the keys of all connections fresh (RFC 4253, section 9), by one timer for all of them. */
export const startRekeying = (limits: RekeyLimits): Rekeying => {
  const connections = new Set<Aging>()
  const tickSeconds = Math.min(limits.seconds, limits.exchangeSeconds)
  const timer = setInterval(() => {
    for (const connection of connections) connection.grow(tickSeconds)
  }, tickSeconds * 1000).unref()
  return {
    watch: peer => {
      const aging = watchOne(peer, limits)
      connections.add(aging)
      socketOf(peer).once('close', () => connections.delete(aging))
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

type Aging = { grow(seconds: number): void }

const watchOne = (peer: Connection | Client, limits: RekeyLimits): Aging => {
  const socket = socketOf(peer)
  let bytesBefore = 0
  let ageSeconds = 0
  let exchangingSeconds = 0
  const carried = (): number => socket.bytesRead + socket.bytesWritten
  peer.on('handshake', () => {
    bytesBefore = carried()
    ageSeconds = 0
    exchangingSeconds = 0
  })
  // Whoever writes hears of the other side too: each window that was used up is granted anew by a message.
  socket.on('data', () => {
    if (carried() - bytesBefore >= limits.bytes) beginExchange(peer)
  })
  return {
    grow: seconds => {
      ageSeconds += seconds
      exchangingSeconds = isExchangingKeys(peer) ? exchangingSeconds + seconds : 0
      // One tick more: the exchange may have begun just before the first.
      if (exchangingSeconds > limits.exchangeSeconds) disconnectForProtocolError(peer)
      else if (ageSeconds >= limits.seconds) beginExchange(peer)
    },
  }
}

const beginExchange = (peer: Connection | Client): void => {
  if (!isExchangingKeys(peer)) exchangeKeys(peer)
}
