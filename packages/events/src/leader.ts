import type { Pool, PoolClient } from 'pg'
import { rest } from './rest.ts'

const isLeader = async (client: PoolClient, task: string): Promise<boolean> => {
  const sql = `select pg_try_advisory_lock(hashtextextended($1 || ':' || current_schema(), 0)) as held`
  const { rows } = await client.query<{ held: boolean }>(sql, [task])
  return rows[0]?.held === true
}

/** Runs work unless another process of the service is at the same task; gives whether it did. */
export const unlessUnderway = async (
  { pool, task }: { readonly pool: Pool; readonly task: string },
  work: () => Promise<void>,
): Promise<boolean> => {
  const client = await pool.connect()
  client.on('error', () => {})
  try {
    if (!(await isLeader(client, task))) return false
    await work()
    return true
  } finally {
    // As below.
    client.release(true)
  }
}

/**
 * Runs work in one of all the processes of a service that ask for the same task; the others stand by, and one of them
 * takes over within a second of the database's noticing that the leader is gone. Returns when the work does, or
 * undone when the signal fires.
 *
 * A leader that lost its connection does not know it until it next uses it: work must ask the client regularly, and
 * must bear that two of it run for that long.
 */
export const asLeader = async (
  { pool, task, signal }: { readonly pool: Pool; readonly task: string; readonly signal: AbortSignal },
  work: (client: PoolClient) => Promise<void>,
): Promise<void> => {
  const client = await pool.connect()
  // The failing query reports the loss; without a listener it would end the process.
  client.on('error', () => {})
  try {
    while (!signal.aborted && !(await isLeader(client, task))) await rest(1000, signal)
    if (!signal.aborted) await work(client)
  } finally {
    // Destroyed, not returned: the lock belongs to this connection.
    client.release(true)
  }
}
