import { setTimeout as pause } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import type { EventsLog } from './event-log.ts'
import { type KafkaConnection, kafkaClient } from './kafka-client.ts'

/** A topic as it is made. How many copies there are, and how many must be written, the brokers' defaults say. */
export type KafkaTopic = {
  readonly topic: string
  /** What has one key stays in one partition, and so in order. */
  readonly partitions: number
  readonly retentionDays: number
}

const dayMs = 86_400_000

/** Creates the topics that do not exist and leaves alone those that do. Gives the names of the new ones. */
export const createTopics = async (
  connection: KafkaConnection,
  topics: readonly KafkaTopic[],
  log: EventsLog,
): Promise<string[]> => {
  const admin = kafkaClient(connection, log).admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const missing = topics.filter(({ topic }) => !existing.has(topic))
    if (missing.length > 0) {
      // Gives `false`, and no error, where somebody was faster.
      await admin.createTopics({ topics: missing.map(definitionOf), waitForLeaders: false })
      await known(
        admin,
        missing.map(({ topic }) => topic),
      )
    }
    return missing.map(({ topic }) => topic)
  } finally {
    await admin.disconnect()
  }
}

const knownWithinMs = 30_000

/** A broker acknowledges a topic before it knows of it; kafkajs's own waiting takes that for an error. */
const known = async (admin: Admin, topics: string[]): Promise<void> => {
  const giveUpAt = performance.now() + knownWithinMs
  for (;;) {
    try {
      await admin.fetchTopicMetadata({ topics })
      return
    } catch (error) {
      if (performance.now() > giveUpAt) throw error
      await pause(100)
    }
  }
}

const definitionOf = ({ topic, partitions, retentionDays }: KafkaTopic) => ({
  topic,
  numPartitions: partitions,
  replicationFactor: -1,
  configEntries: [{ name: 'retention.ms', value: String(retentionDays * dayMs) }],
})
