import { crashPoint } from '@sallyport/config/crash-point'
import type pg from 'pg'
import type { Subscription } from './driver.ts'
import type { EventsLog } from './event-log.ts'
import { type CloudEventHeaders, type EventRecord, recordOf } from './event-record.ts'
import { type LogReader, openLogReader } from './postgres-log-reader.ts'
import { persist } from './persist.ts'
import { rest } from './rest.ts'

type Row = { position: string; key: string; headers: CloudEventHeaders; payload: Buffer }
type Step = 'moved' | 'idle' | 'failed'

const batchSize = 500

const next = `
  select position, key, headers, payload from event_log.records
  where topic = $2 and position > coalesce(
    (select position from event_log.offsets where consumer_group = $1 and topic = $2), 0)
  order by position limit ${batchSize}`

const advance = `
  insert into event_log.offsets (consumer_group, topic, position) values ($1, $2, $3)
  on conflict (consumer_group, topic) do update set position = greatest(offsets.position, excluded.position)`

const step = async (
  reader: LogReader,
  subscription: Subscription,
  topic: string,
  log: EventsLog,
): Promise<Step> => {
  const { group, handle, signal } = subscription
  const { rows } = await reader.client.query<Row>(next, [group, topic])
  const last = rows.at(-1)
  if (!last) return 'idle'
  const records: EventRecord[] = rows.map(row => recordOf(topic, row.key, row.headers, row.payload))
  try {
    await handle(records)
  } catch (err) {
    if (!signal.aborted) log.warn({ err, group, topic }, 'Events could not be handled and will come again')
    return 'failed'
  }
  crashPoint('after handle')
  await reader.client.query(advance, [group, topic, last.position])
  return 'moved'
}

const round = async (reader: LogReader, subscription: Subscription, log: EventsLog): Promise<Set<Step>> => {
  const steps = new Set<Step>()
  for (const topic of subscription.topics) {
    if (subscription.signal.aborted) break
    if (await reader.holds(subscription.group, topic)) steps.add(await step(reader, subscription, topic, log))
  }
  return steps
}

const readUntilStopped = async (
  reader: LogReader,
  subscription: Subscription,
  log: EventsLog,
): Promise<void> => {
  const { signal } = subscription
  while (!signal.aborted) {
    const steps = await round(reader, subscription, log)
    if (steps.has('failed')) await rest(500, signal)
    else if (!steps.has('moved')) await reader.woken(signal)
  }
}

/** Follows the topics until the signal fires, over as many connections as it takes. */
export const follow = (
  connection: pg.ClientConfig,
  log: EventsLog,
  subscription: Subscription,
): Promise<void> => {
  const { group, topics, signal } = subscription
  const followOnce = async (): Promise<void> => {
    await using reader = await openLogReader(connection, topics)
    await readUntilStopped(reader, subscription, log)
  }
  const tell = (err: unknown): void =>
    log.warn({ err, group }, 'The subscription lost its connection to the event log; it will try again')
  return persist(signal, followOnce, tell)
}
