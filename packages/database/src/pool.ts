import pg from 'pg'
import { endWhenSilent, forgetTheSilent } from './silence.ts'

export type PoolOptions = {
  /** postgresql:// URL of one role. */
  readonly url: string
  readonly applicationName: string
  /** Connections at most; idle ones close after 10 s. */
  readonly max?: number
  /** Told when an idle connection breaks, as when PostgreSQL restarts. The pool goes on by itself. */
  readonly onError?: (error: Error) => void
  /** How long an answer may take before the connection is given up, in milliseconds. */
  readonly silentMs?: number
}

export type Pool = pg.Pool & AsyncDisposable

/**
 * Opens a pool of connections. Statements that take over 10 s, and transactions idle for as long, are ended; connections
 * on which nothing is heard for 12 s are replaced.
 */
export const openPool = (options: PoolOptions): Pool => {
  const { url, applicationName, max = 6, onError = () => {}, silentMs } = options
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max,
    idleTimeoutMillis: 10_000,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    options: forgetTheSilent,
  })
  // Without a listener a broken idle connection would end the process, and every session in it.
  pool.on('error', onError)
  // The same for one that breaks in use, between two statements; the next statement reports it.
  pool.on('connect', client => {
    client.on('error', () => {})
    endWhenSilent(client, silentMs)
  })
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() })
}

/** Resolves if the database answers; rejects with why it does not. */
export const probeDatabase = async (pool: Pick<Pool, 'query'>): Promise<void> => {
  await pool.query('select 1')
}
