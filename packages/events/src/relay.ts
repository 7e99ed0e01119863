import { crashPoint } from '@sallyport/config/crash-point'
import type { Tracing } from '@sallyport/telemetry/tracing'
import type { Pool, PoolClient } from 'pg'
import type { EventDriver } from './driver.ts'
import type { EventRecord } from './event-record.ts'
import type { EventsLog } from './event-log.ts'
import { asLeader } from './leader.ts'
import { persist } from './persist.ts'
import { rest } from './rest.ts'
import { eachInSpan, publishSpan } from './event-spans.ts'

export type Relay = {
  /** As the service's worker role, with the service's schema as search path. Two connections are enough. */
  pool: Pool
  driver: EventDriver
  /** The CloudEvents source, such as `sallyport/vault`. */
  source: string
  log: EventsLog
  tracing?: Pick<Tracing, 'resume'> | undefined
  signal: AbortSignal
  /** How long to rest when the outbox is empty; 100 ms unless given. */
  pollMs?: number
  /** How long applied event ids are remembered; must outlast the driver's retention. 30 days unless given. */
  rememberDays?: number
}

type Row = {
  position: string
  id: string
  topic: string
  key: string
  tenant_id: string
  type: string
  payload: Buffer
  created_at: Date
  traceparent: string | null
}

const batchSize = 500
const hourMs = 3_600_000

const recordOf = (row: Row, source: string): EventRecord => ({
  id: row.id,
  topic: row.topic,
  key: row.key,
  tenantId: row.tenant_id,
  type: row.type,
  source,
  time: row.created_at,
  payload: row.payload,
  traceparent: row.traceparent ?? undefined,
})

const moveBatch = async (client: PoolClient, { driver, source, tracing }: Relay): Promise<number> => {
  const { rows } = await client.query<Row>('select * from outbox order by position limit $1', [batchSize])
  if (rows.length === 0) return 0
  // No transaction is open while the driver works: a crash before the delete publishes twice, never loses.
  crashPoint('before publish')
  const records = rows.map(row => recordOf(row, source))
  await eachInSpan(
    records,
    record => publishSpan(tracing, record),
    some => driver.publish(some),
  )
  crashPoint('after publish')
  await client.query('delete from outbox where position = any($1::bigint[])', [rows.map(row => row.position)])
  return rows.length
}

const forgetConsumed = (client: PoolClient, days: number): Promise<unknown> =>
  client.query('delete from consumed_events where consumed_at < now() - make_interval(days => $1)', [days])

const lead = async (client: PoolClient, relay: Relay): Promise<void> => {
  const { signal, pollMs = 100, rememberDays = 30 } = relay
  for (let forgotAt = Number.NEGATIVE_INFINITY; !signal.aborted; ) {
    // Polled, not notified: NOTIFY serialises the commits of every transaction that appends an event.
    if ((await moveBatch(client, relay)) === 0) await rest(pollMs, signal)
    if (performance.now() - forgotAt < hourMs) continue
    await forgetConsumed(client, rememberDays)
    forgotAt = performance.now()
  }
}

/**
 * Moves the outbox to the driver, in order, until the signal fires. At least once: consumers ignore ids that they
 * have seen. Run it in every replica of a service; one of them works, the others stand by.
 */
export const relayOutbox = (relay: Relay): Promise<void> =>
  persist(
    relay.signal,
    // One relay at a time per service, or two would publish one key's events side by side.
    () => asLeader({ pool: relay.pool, task: 'outbox', signal: relay.signal }, client => lead(client, relay)),
    err => relay.log.warn({ err }, 'The outbox relay lost its database or its driver; it will try again'),
  )
