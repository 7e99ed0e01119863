import { setTimeout } from 'node:timers/promises'
import pg from 'pg'

/**
 * Spares a test the waiting: the lease of a worker that is gone ends now, and no attempt waits for its turn. Disposing
 * it stops that. `url` is the superuser's. A worker that lives must keep its lease, or what it decides counts for nothing.
 */
export const hurryOperations = (url: string, { workerLives = false } = {}): AsyncDisposable => {
  const stop = new AbortController()
  const hurrying = hurry(url, workerLives, stop.signal)
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await hurrying
    },
  }
}

const hurry = async (url: string, workerLives: boolean, signal: AbortSignal): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    // Only once: a worker that is at it must be able to keep its lease.
    if (!workerLives)
      await client.query(`update execution.operations set lease_until = now() where state = 'running'`)
    while (!signal.aborted) {
      await client.query(
        `update execution.operations set due_at = now() where state = 'scheduled' and due_at > now()`,
      )
      await setTimeout(100)
    }
  } finally {
    await client.end()
  }
}
