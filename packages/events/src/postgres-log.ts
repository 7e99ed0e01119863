import { endWhenSilent, forgetTheSilent } from '@sallyport/database/silence'
import pg from 'pg'
import type { EventDriver } from './driver.ts'
import type { EventsLog } from './event-log.ts'
import { type EventRecord, headersOf } from './event-record.ts'
import { packBytes } from './packed-bytes.ts'
import { follow } from './postgres-log-subscription.ts'

export type PostgresLogOptions = {
  /** As role `sallyport_event_log`, or any that the migration's grants were given to. */
  connection: pg.ClientConfig
  log: EventsLog
  /** Records older than this are deleted once every known group is past them; 7 unless given. */
  retentionDays?: number
}

const insert = `
  insert into event_log.records (topic, key, id, headers, payload)
  select topic, key, id, headers, substring($1::bytea from start for length)
  from unnest($2::int[], $3::int[], $4::text[], $5::text[], $6::uuid[], $7::jsonb[])
    with ordinality as record(start, length, topic, key, id, headers, place)
  order by place
  on conflict (topic, id) do nothing`

const append = async (client: pg.PoolClient, records: readonly EventRecord[]): Promise<void> => {
  // INVARIANT: positions are assigned in commit order, so no reader skips a record that commits late.
  await client.query(`select pg_advisory_xact_lock(hashtextextended('event_log.append', 0))`)
  const { bytes, starts, lengths } = packBytes(records.map(({ payload }) => payload))
  await client.query(insert, [
    bytes,
    starts,
    lengths,
    records.map(record => record.topic),
    records.map(record => record.key),
    records.map(record => record.id),
    records.map(record => JSON.stringify(headersOf(record))),
  ])
  const topics = [...new Set(records.map(record => record.topic))]
  await client.query(`select pg_notify('event_log', topic) from unnest($1::text[]) as topic`, [topics])
}

const publish = async (pool: pg.Pool, records: readonly EventRecord[]): Promise<void> => {
  if (records.length === 0) return
  const client = await pool.connect()
  let failed = true
  try {
    await client.query('begin')
    await append(client, records)
    await client.query('commit')
    failed = false
  } finally {
    // A connection that failed in the middle of a transaction is closed, which rolls back.
    client.release(failed)
  }
}

const prune = `
  delete from event_log.records as record
  where created_at < now() - make_interval(days => $1)
    and not exists (
      select from event_log.offsets as seen
      where seen.topic = record.topic and seen.position < record.position)`

/** Deletes what is older than `days` and was seen by every group that reads its topic. */
export const pruneLog = async (pool: pg.Pool, days: number): Promise<void> => {
  await pool.query(prune, [days])
}

const hourMs = 3_600_000

/** What an hour has brought may take a while to delete. */
const longestMs = 60_000

/**
 * The driver for installations without a broker: one append-only table, a position per group and topic, LISTEN and
 * NOTIFY. Migration: `prisma/migrations` of this package. Subscriptions hold one connection each.
 */
export const openPostgresLog = ({ connection, log, retentionDays = 7 }: PostgresLogOptions): EventDriver => {
  const pool = new pg.Pool({
    ...connection,
    max: 2,
    idleTimeoutMillis: 10_000,
    connectionTimeoutMillis: 5_000,
    options: forgetTheSilent,
  })
  pool.on('error', err => log.warn({ err }, 'An idle connection to the event log was lost'))
  // One that breaks in use, between two statements, would end the process; the next statement reports it.
  pool.on('connect', client => {
    client.on('error', () => {})
    endWhenSilent(client, longestMs)
  })
  const timer = setInterval(() => {
    pruneLog(pool, retentionDays).catch((err: unknown) => log.warn({ err }, 'Old events could not be pruned'))
  }, hourMs)
  timer.unref()
  return {
    publish: records => publish(pool, records),
    subscribe: subscription => follow(connection, log, subscription),
    probe: async () => {
      await pool.query('select 1')
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await pool.end()
    },
  }
}
