import type { Sql } from '@sallyport/database/sql'
import type { Pool } from 'pg'
import type { EventRecord } from './event-record.ts'

/** An event that could not be applied, as a person may see it: without what it says. */
export type DeadLetter = {
  readonly consumer: string
  readonly eventId: string
  readonly topic: string
  readonly type: string
  readonly tenantId: string
  readonly cause: string
  readonly failedAt: Date
  /** How often it was tried again in vain. */
  readonly replays: number
  /** Whether it is about to be. */
  readonly isDue: boolean
}

const longestCause = 2_000

export const causeOf = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : 'not an error').slice(0, longestCause)

/** Keeps an event that cannot be applied, with the cause, in the caller's transaction. */
export const deadLetter = async (
  sql: Sql,
  group: string,
  event: EventRecord,
  error: unknown,
): Promise<void> => {
  await sql.query(
    `insert into dead_letters (consumer, event_id, topic, key, tenant_id, type, payload, cause, time)
     values ($1::text, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::bytea, $8::text, $9::timestamptz)
     on conflict do nothing`,
    [
      group,
      event.id,
      event.topic,
      event.key,
      event.tenantId,
      event.type,
      Buffer.from(event.payload),
      causeOf(error),
      event.time,
    ],
  )
}

/** The oldest dead letters of a service, at most `limit`. `pool`: as its worker role. */
export const listDeadLetters = async (pool: Pick<Pool, 'query'>, limit: number): Promise<DeadLetter[]> => {
  const { rows } = await pool.query<DeadLetter>(
    `select consumer, event_id as "eventId", topic, type, tenant_id as "tenantId", cause, failed_at as "failedAt",
       replays, replay_at is not null as "isDue"
     from dead_letters order by failed_at, event_id limit $1`,
    [limit],
  )
  return rows
}

/**
 * Lets the running service try dead letters again.
 * @param eventIds only these; all unless given
 * @returns the ids that there are
 */
export const orderReplay = async (
  pool: Pick<Pool, 'query'>,
  eventIds?: readonly string[],
): Promise<string[]> => {
  const { rows } = await pool.query<{ id: string }>(
    `update dead_letters set replay_at = now() where $1::uuid[] is null or event_id = any($1::uuid[])
     returning event_id as id`,
    [eventIds ?? null],
  )
  return rows.map(({ id }) => id)
}
