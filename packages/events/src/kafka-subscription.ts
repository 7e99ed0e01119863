import { crashPoint } from '@sallyport/config/crash-point'
import type { Batch, Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'
import type { Subscription } from './driver.ts'
import type { EventsLog } from './event-log.ts'
import type { EventRecord } from './event-record.ts'
import { recordOfMessage } from './kafka-record.ts'
import { persist } from './persist.ts'

/** As many records as one call of a handler gets. */
const handleAtOnce = 500
const pauseAfterFailureMs = 500
const heartbeatMs = 2_000
/** After which the partitions of a member that was killed go to others; brokers allow no less than 6 s. */
const silentMs = 10_000

/** The next offset, which is what a group's position is. Offsets are 64 bits. */
const after = (offset: string): string => String(BigInt(offset) + 1n)

const recordsOf = (batch: Batch, messages: readonly KafkaMessage[], log: EventsLog): EventRecord[] =>
  messages.flatMap(message => {
    const record = recordOfMessage(batch.topic, message)
    if (record) return [record]
    const { topic, partition } = batch
    const at = { topic, partition, offset: message.offset }
    log.error(at, 'A message is no event of ours and is passed over; it stays in the topic')
    return []
  })

/** A group whose member is silent is given to others, so a handler that takes long must be heard meanwhile. */
const heard = (heartbeat: () => Promise<void>): Disposable => {
  // That the group was given away is told by the commit.
  const timer = setInterval(() => void heartbeat().catch(() => {}), heartbeatMs)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

const handleBatch = async (
  payload: EachBatchPayload,
  { group, handle, signal }: Subscription,
  log: EventsLog,
): Promise<void> => {
  const { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary, isRunning, isStale, pause } = payload
  const { topic, partition, messages } = batch
  using _ = heard(heartbeat)
  for (let from = 0; from < messages.length; from += handleAtOnce) {
    if (signal.aborted || !isRunning() || isStale()) return
    const some = messages.slice(from, from + handleAtOnce)
    const last = some.at(-1)
    if (!last) return
    try {
      const records = recordsOf(batch, some, log)
      if (records.length > 0) await handle(records)
    } catch (err) {
      if (signal.aborted) return
      log.warn({ err, group, topic }, 'Events could not be handled and will come again')
      // What is not resolved is fetched again, and other partitions go on meanwhile.
      setTimeout(pause(), pauseAfterFailureMs).unref()
      return
    }
    crashPoint('after handle')
    // In this order: what was handled, and its position could not be stored, comes again.
    await commitOffsetsIfNecessary({
      topics: [{ topic, partitions: [{ partition, offset: after(last.offset) }] }],
    })
    resolveOffset(last.offset)
  }
}

const openConsumer = (kafka: Kafka, group: string): Consumer =>
  kafka.consumer({
    // Groups of everybody who uses the brokers share one namespace.
    groupId: `sallyport.${group}`,
    allowAutoTopicCreation: false,
    sessionTimeout: silentMs,
    // A member that is about to finish a batch is waited for this long when others join.
    rebalanceTimeout: 15_000,
    heartbeatInterval: heartbeatMs,
    // How long a fetch waits for news, and so how long the end of a subscription may wait for a fetch.
    maxWaitTimeInMs: 500,
    // We begin anew ourselves, which the signal can end.
    retry: { restartOnFailure: async () => false },
  })

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const followOnce = async (kafka: Kafka, log: EventsLog, subscription: Subscription): Promise<void> => {
  const { group, topics, signal } = subscription
  const consumer = openConsumer(kafka, group)
  const crashed = new Promise<never>((_, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload: { error } }) => reject(error))
  })
  // Read by the race below, if it comes to that.
  crashed.catch(() => {})
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: payload => handleBatch(payload, subscription, log),
    })
    await Promise.race([aborted(signal), crashed])
  } finally {
    // Waits for the batch in hand.
    await consumer.disconnect()
  }
}

/** Follows the topics as a member of the group until the signal fires, over as many connections as it takes. */
export const followKafka = (kafka: Kafka, log: EventsLog, subscription: Subscription): Promise<void> => {
  const { group, topics, signal } = subscription
  return persist(
    signal,
    () => followOnce(kafka, log, subscription),
    err => log.warn({ err, group, topics }, 'The subscription lost Kafka; it will try again'),
  )
}
