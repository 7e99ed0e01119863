import { setTimeout } from 'node:timers/promises'
import pg from 'pg'

/**
 * Spares a test the waiting: the lease of a worker that is gone ends now, and no attempt waits for its turn. Disposing
 * it stops that. `url` is the superuser's.
 */
export const hurryOperations = (url: string): AsyncDisposable => {
  const stop = new AbortController()
  const hurrying = hurry(url, stop.signal)
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await hurrying
    },
  }
}

const hurry = async (url: string, signal: AbortSignal): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    // Only once: a worker that is at it must be able to keep its lease.
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
