import { once } from 'node:events'
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { connect, type TLSSocket } from 'node:tls'
import type { Egress } from '@sallyport/egress/egress'
import { rest } from '@sallyport/events/rest'

export type Receiver = {
  readonly host: string
  readonly port: number
  /** PEM; empty: the authorities that Node trusts. */
  readonly authority: string
}

const connectMs = 10_000
/** From the first byte to the receiver's close. */
const deliverMs = 30_000
const arrivalMs = 200

const secured = async (egress: Egress, to: Receiver, signal: AbortSignal): Promise<TLSSocket> => {
  const { host, port } = to
  const socket = await egress.connect({ host, port, timeoutMs: connectMs, signal })
  const secure = connect({
    socket,
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ...(to.authority && { ca: to.authority }),
    minVersion: 'TLSv1.2',
  })
  // Whoever waits for something hears of it; without a listener it would end the process when nobody does.
  secure.on('error', () => {})
  try {
    await once(secure, 'secureConnect', { signal })
    return secure
  } catch (thrown) {
    secure.destroy()
    throw thrown
  }
}

const written = async (secure: TLSSocket, frames: readonly Buffer[], signal: AbortSignal): Promise<void> => {
  await pipeline(Readable.from(frames), secure, { signal, end: false })
  // On their way, longer than a round trip takes: who closes from now on has been reached by all of them.
  await rest(arrivalMs, signal)
}

const closedTooEarly = async (ended: Promise<unknown>): Promise<never> => {
  await ended
  throw new Error('The receiver closed the connection before it could have read everything')
}

/**
 * Sends frames on a connection of their own, and waits until the receiver has closed it.
 *
 * Syslog has no acknowledgement (RFC 5425 says so), and a write that succeeded has reached our own kernel at best. But
 * who closes a connection in order has read what had arrived: with anything unread its kernel resets it instead.
 * @throws whatever was in the way; the receiver may then have read some of the frames
 */
export const deliver = async (
  egress: Egress,
  to: Receiver,
  frames: readonly Buffer[],
  signal: AbortSignal,
): Promise<void> => {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(connectMs + deliverMs)])
  const secure = await secured(egress, to, limited)
  try {
    // What the receiver says means nothing to us; it must be read for its end to be seen.
    secure.resume()
    const ended = once(secure, 'end', { signal: limited })
    await Promise.race([written(secure, frames, limited), closedTooEarly(ended)])
    secure.end()
    await ended
  } finally {
    secure.destroy()
  }
}
