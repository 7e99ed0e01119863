import { type Kafka, Partitioners, type Producer } from 'kafkajs'
import type { EventDriver } from './driver.ts'
import type { EventsLog } from './event-log.ts'
import type { EventRecord } from './event-record.ts'
import { type KafkaConnection, kafkaClient } from './kafka-client.ts'
import { messageOf } from './kafka-record.ts'
import { followKafka } from './kafka-subscription.ts'
import { createTopics, type KafkaTopic } from './kafka-topics.ts'

export type KafkaLogOptions = {
  readonly connection: KafkaConnection
  readonly log: EventsLog
  /**
   * What a topic is to be like that is made when something is first published to it, such as a new tenant's; nothing
   * for all others, which an operator has made before.
   */
  readonly topicOnDemand?: (topic: string) => KafkaTopic | undefined
}

/** Brokers take 1 MiB at once unless told otherwise, with everything around it. */
const maxBatchBytes = 512 * 1024

/** In order, as few pieces as fit. What is too large by itself goes alone, and the broker says so. */
export const inBatches = (records: readonly EventRecord[], maxBytes = maxBatchBytes): EventRecord[][] => {
  const batches: EventRecord[][] = []
  let room = 0
  for (const record of records) {
    const size = record.payload.byteLength + overheadBytes
    if (size > room) {
      batches.push([])
      room = maxBytes
    }
    batches.at(-1)?.push(record)
    room -= size
  }
  return batches
}

/** Of key and attributes, generously. */
const overheadBytes = 512

const send = async (producer: Producer, records: readonly EventRecord[]): Promise<void> => {
  const byTopic = Map.groupBy(records, ({ topic }) => topic)
  await producer.sendBatch({
    // Every replica that is in sync has it: what was acknowledged outlives the loss of a broker.
    acks: -1,
    timeout: 30_000,
    topicMessages: [...byTopic].map(([topic, some]) => ({ topic, messages: some.map(messageOf) })),
  })
}

const makeProducer = (kafka: Kafka): Producer =>
  kafka.producer({
    allowAutoTopicCreation: false,
    // The Java client's: others who write to a topic agree with us about where a key belongs.
    createPartitioner: Partitioners.DefaultPartitioner,
    // A batch that is sent again must not be overtaken by the next one.
    maxInFlightRequests: 1,
  })

type Connecting = { readonly connect: () => Promise<void>; readonly disconnect: () => Promise<void> }

/** A client that connects when it is first wanted, and again if that failed. */
const onDemand = <C extends Connecting>(client: C): AsyncDisposable & { readonly get: () => Promise<C> } => {
  let connected: Promise<void> | undefined
  return {
    get: async () => {
      connected ??= client.connect()
      try {
        await connected
      } catch (error) {
        connected = undefined
        throw error
      }
      return client
    },
    [Symbol.asyncDispose]: () => client.disconnect(),
  }
}

/** The driver for clusters. Topics exist before: `createTopics`, or on demand. */
export const openKafkaLog = ({ connection, log, topicOnDemand }: KafkaLogOptions): EventDriver => {
  const kafka = kafkaClient(connection, log)
  const producer = onDemand(makeProducer(kafka))
  const admin = onDemand(kafka.admin())
  const made = new Set<string>()
  const makeTopics = async (records: readonly EventRecord[]): Promise<void> => {
    const names = new Set(records.map(({ topic }) => topic))
    const wanted = [...names].flatMap(name => (made.has(name) ? [] : (topicOnDemand?.(name) ?? [])))
    if (wanted.length === 0) return
    await createTopics(connection, wanted, log)
    for (const { topic } of wanted) made.add(topic)
  }
  return {
    publish: async records => {
      if (records.length === 0) return
      await makeTopics(records)
      const connected = await producer.get()
      for (const batch of inBatches(records)) await send(connected, batch)
    },
    subscribe: subscription => followKafka(kafka, log, subscription),
    probe: async () => {
      await (await admin.get()).describeCluster()
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([producer[Symbol.asyncDispose](), admin[Symbol.asyncDispose]()])
    },
  }
}
