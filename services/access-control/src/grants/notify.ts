import { setTimeout as delay } from 'node:timers/promises'
import { endWhenSilent } from '@sallyport/database/silence'
import type { Logger } from '@sallyport/telemetry/logger'
import pg from 'pg'

/** PostgreSQL notification channels. They only wake; what happened is in the tables. */
export const channels = {
  revocations: 'access_control_revocations',
  requests: 'access_control_requests',
} as const

export type Channel = (typeof channels)[keyof typeof channels]

/** Wakes whoever waits for a channel, in this process or from another replica. */
export type Notifications = AsyncDisposable & {
  /** Calls back with each payload until the returned function is called. */
  listen(channel: Channel, heard: (payload: string) => void): () => void
}

type Listener = { channel: Channel; heard: (payload: string) => void }

const reconnectMs = 500

/** Who only listens does not notice that nobody speaks any more. */
const askEveryMs = 5_000

/** Listens on one connection, and comes back when it breaks. Whoever waits also looks by himself now and then. */
export const openNotifications = async (url: string, log: Logger): Promise<Notifications> => {
  const listeners = new Set<Listener>()
  const stopped = new AbortController()
  let client: pg.Client | undefined

  const connect = async (): Promise<void> => {
    const fresh = new pg.Client({
      connectionString: url,
      application_name: 'access-control notifications',
      connectionTimeoutMillis: 5_000,
    })
    fresh.on('error', () => {})
    fresh.on('end', () => void reconnect())
    fresh.on('notification', ({ channel, payload }) => {
      for (const listener of listeners) if (listener.channel === channel) listener.heard(payload ?? '')
    })
    await fresh.connect()
    endWhenSilent(fresh)
    const asking = setInterval(() => void fresh.query('select').catch(() => {}), askEveryMs)
    fresh.on('end', () => clearInterval(asking))
    for (const channel of Object.values(channels)) await fresh.query(`listen ${channel}`)
    client = fresh
  }
  const reconnect = async (): Promise<void> => {
    client = undefined
    await delay(reconnectMs, undefined, { signal: stopped.signal, ref: false }).catch(() => {})
    if (stopped.signal.aborted) return
    log.warn('The notification connection is lost; connecting again')
    await connect().catch((err: unknown) => log.warn({ err }, 'Notifications cannot be listened to yet'))
  }

  await connect()
  return {
    listen: (channel, heard) => {
      const listener = { channel, heard }
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    [Symbol.asyncDispose]: async () => {
      stopped.abort()
      await client?.end()
    },
  }
}
