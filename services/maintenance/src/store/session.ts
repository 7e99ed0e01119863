import pg from 'pg'
import { BackupError } from '../backup/backup-error.ts'

/** One connection that is ours until it is disposed of. */
export type Session = AsyncDisposable & { readonly client: pg.Client }

/** Connects for work that may take hours: nothing of it times out, and its texts are the same everywhere. */
export const openSession = async (url: string, application: string): Promise<Session> => {
  const client = new pg.Client({
    connectionString: url,
    application_name: application,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  })
  // One that breaks between two statements would end the process; the next statement reports it.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(
      `select set_config(name, value, false) from unnest(
         array['timezone', 'datestyle', 'intervalstyle', 'extra_float_digits', 'bytea_output',
               'statement_timeout', 'idle_in_transaction_session_timeout', 'row_security', 'search_path'],
         array['UTC', 'ISO, YMD', 'iso_8601', '3', 'hex', '0', '0', 'off', '']
       ) as setting(name, value)`,
    )
  } catch (cause) {
    await client.end().catch(() => {})
    const why = cause instanceof Error ? cause.message : 'it does not answer'
    throw new BackupError(`The database cannot be used: ${why}`, { cause })
  }
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
