import { endWhenSilent, forgetTheSilent } from '@sallyport/database/silence'
import pg from 'pg'

/** One subscription's connection: it reads, listens, and holds the right to move its groups' positions. */
export type LogReader = AsyncDisposable & {
  client: pg.Client
  /** Whether this connection is the one that serves the group on the topic; others stand by. */
  holds(group: string, topic: string): Promise<boolean>
  /** Returns when something was published since the last call, after a second, or when the signal fires. */
  woken(signal: AbortSignal): Promise<void>
}

// Catches up should a notification be lost with a connection, and lets a standby take over.
const pollMs = 1000

const bell = (topics: readonly string[]) => {
  let rung = false
  let wake: (() => void) | undefined
  const ring = (topic?: string): void => {
    if (topic === undefined || !topics.includes(topic)) return
    rung = true
    wake?.()
  }
  const woken = (signal: AbortSignal): Promise<void> => {
    if (rung || signal.aborted) {
      rung = false
      return Promise.resolve()
    }
    return new Promise(resolve => {
      const done = (): void => {
        rung = false
        wake = undefined
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, pollMs)
      signal.addEventListener('abort', done)
      wake = done
    })
  }
  return { ring, woken }
}

const tryLock = async (client: pg.Client, name: string): Promise<boolean> => {
  const sql = 'select pg_try_advisory_lock(hashtextextended($1, 0)) as held'
  const { rows } = await client.query<{ held: boolean }>(sql, [name])
  return rows[0]?.held === true
}

/** Connects and listens. Closing it frees its groups for another reader. */
export const openLogReader = async (
  connection: pg.ClientConfig,
  topics: readonly string[],
): Promise<LogReader> => {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5_000, options: forgetTheSilent })
  const { ring, woken } = bell(topics)
  const held = new Set<string>()
  // The failing query reports the loss; without a listener it would end the process.
  client.on('error', () => {})
  client.on('notification', message => ring(message.payload))
  await client.connect()
  endWhenSilent(client)
  await client.query('listen event_log')
  return {
    client,
    woken,
    holds: async (group, topic) => {
      const name = `event_log:${group}:${topic}`
      if (!held.has(name) && (await tryLock(client, name))) held.add(name)
      return held.has(name)
    },
    [Symbol.asyncDispose]: async () => {
      // A connection that is gone cannot be closed politely.
      await client.end().catch(() => {})
    },
  }
}
