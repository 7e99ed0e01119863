import type { Pool, PoolClient } from 'pg'
import { causeOf } from './dead-letters.ts'
import type { EventRecord } from './event-record.ts'
import type { EventsLog } from './event-log.ts'
import { persist } from './persist.ts'
import { rest } from './rest.ts'
import { isTransient } from './transient.ts'

export type Replay = {
  /** As the service's worker role. */
  readonly pool: Pool
  readonly group: string
  /** Applies the event once for each `note`: a crash afterwards brings both again. */
  readonly apply: (event: EventRecord, note: string) => Promise<void>
  readonly log: EventsLog
  readonly signal: AbortSignal
  /** How long to rest when nothing is to be tried again; 5 s unless given. */
  readonly pollMs?: number
}

type Row = {
  event_id: string
  topic: string
  key: string
  tenant_id: string
  type: string
  payload: Buffer
  time: Date | null
  failed_at: Date
  replays: number
}

const recordOf = (row: Row): EventRecord => ({
  id: row.event_id,
  topic: row.topic,
  key: row.key,
  tenantId: row.tenant_id,
  type: row.type,
  source: 'sallyport/dead-letters',
  time: row.time ?? row.failed_at,
  payload: row.payload,
})

// One replica has it: the others pass over what is locked.
const nextDue = async (client: PoolClient, group: string): Promise<Row | undefined> => {
  const { rows } = await client.query<Row>(
    `select * from dead_letters where consumer = $1 and replay_at <= now() order by failed_at, event_id limit 1
     for update skip locked`,
    [group],
  )
  return rows[0]
}

const settle = async (client: PoolClient, replay: Replay, row: Row): Promise<void> => {
  const of = { group: replay.group, eventId: row.event_id, type: row.type }
  try {
    await replay.apply(recordOf(row), `${replay.group} replay ${row.replays}`)
  } catch (error) {
    if (isTransient(error)) throw error
    replay.log.error({ ...of, err: error }, 'A dead letter could not be applied again')
    await client.query(
      `update dead_letters set cause = $3, failed_at = now(), replay_at = null, replays = replays + 1
       where consumer = $1 and event_id = $2`,
      [replay.group, row.event_id, causeOf(error)],
    )
    return
  }
  await client.query('delete from dead_letters where consumer = $1 and event_id = $2', [
    replay.group,
    row.event_id,
  ])
  replay.log.warn(of, 'A dead letter was applied')
}

/** @returns whether there was one */
const replayNext = async (client: PoolClient, replay: Replay): Promise<boolean> => {
  await client.query('begin')
  const row = await nextDue(client, replay.group)
  if (row) await settle(client, replay, row)
  await client.query('commit')
  return row !== undefined
}

const replayDue = async (replay: Replay): Promise<void> => {
  const client = await replay.pool.connect()
  let failed = true
  try {
    let found = true
    while (found && !replay.signal.aborted) found = await replayNext(client, replay)
    failed = false
  } finally {
    // Destroyed after a failure: its transaction ends with it.
    client.release(failed)
  }
}

/**
 * Tries dead letters again that somebody ordered to be, until the signal fires. What was applied is gone from the table;
 * what fails stays, with the new cause, and waits for the next order.
 */
export const replayDeadLetters = (replay: Replay): Promise<void> =>
  persist(
    replay.signal,
    async () => {
      while (!replay.signal.aborted) {
        await replayDue(replay)
        await rest(replay.pollMs ?? 5_000, replay.signal)
      }
    },
    err => replay.log.warn({ err }, 'Dead letters could not be looked through; it will be tried again'),
  )
