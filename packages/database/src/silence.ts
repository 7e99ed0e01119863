import { Socket } from 'node:net'
import type { Client } from 'pg'

/** The server ends a statement after ten seconds by itself, and says so: who is silent for longer is out of reach. */
const patienceMs = 12_000

/**
 * What the server is told with each connection: to end a session in which nothing was asked for so long. Whoever had it
 * is gone, and could not say so; without this its locks would be held for hours. Whoever keeps a lock and asks nothing for as
 * long loses it, and hears of it with the next question.
 */
export const forgetTheSilent = '-c idle_session_timeout=30s'

/**
 * Ends a connection when an answer does not come in time: the server, or the way to it, has gone without a word. TCP
 * alone would wait for a quarter of an hour, and with it every request that is given this connection. What was asked
 * fails with ETIMEDOUT. A connection on which nothing is asked may be silent.
 * @param client one that is connected
 */
export const endWhenSilent = ({ connection }: Pick<Client, 'connection'>, silentMs = patienceMs): void => {
  const { stream } = connection
  if (!(stream instanceof Socket)) throw new Error('This connection of pg is no socket')
  let askedWhenAnswered = stream.bytesWritten
  // Before pg hears it, and asks what waits.
  connection.prependListener('readyForQuery', () => {
    askedWhenAnswered = stream.bytesWritten
  })
  stream.setTimeout(silentMs, () => {
    if (stream.bytesWritten === askedWhenAnswered) return
    const silence = new Error(`PostgreSQL did not answer for ${silentMs} ms`)
    stream.destroy(Object.assign(silence, { code: 'ETIMEDOUT' }))
  })
}
