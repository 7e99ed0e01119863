import { connect as connectInClear, isIP, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'

/** Brokers answer everything sooner, but who joins a group: that waits 15 seconds for the others. */
const silentMs = 20_000
const lookEveryMs = 1_000

/**
 * Ends a connection on which nothing is heard for 20 s although something was asked. kafkajs gives up a request then, but
 * keeps the connection and asks the next one on it, until TCP loses patience after a quarter of an hour.
 */
const endWhenSilent = (socket: Socket): void => {
  let heard = 0
  let askedSince: number | undefined
  socket.on('data', () => {
    heard = socket.bytesWritten
    askedSince = undefined
  })
  const timer = setInterval(() => {
    if (socket.bytesWritten === heard) return
    askedSince ??= performance.now()
    if (performance.now() - askedSince > silentMs)
      socket.destroy(new Error(`Kafka did not answer for ${silentMs} ms`))
  }, lookEveryMs)
  socket.on('close', () => clearInterval(timer))
}

/** As kafkajs connects by itself, and what `endWhenSilent` adds. */
export const openKafkaSocket: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket = ssl
    ? connectSecurely({ host, port, ...(isIP(host) === 0 && { servername: host }), ...ssl }, onConnect)
    : connectInClear({ host, port }, onConnect)
  socket.setKeepAlive(true, 60_000)
  endWhenSilent(socket)
  return socket
}
