import { auditIntakeTopic } from '@sallyport/audit-events/record'
import { domainEvents } from '@sallyport/events/domain-events'
import type { KafkaTopic } from '@sallyport/events/kafka-topics'
import { trailTopicPrefix } from './published.ts'

/** As many replicas of a service can share its work as there are partitions; it is hard to change later. */
const partitions = 12
/** Longer than any consumer is away. What a group has not seen by then is lost to it. */
const retentionDays = 7

const domainTopics = new Set(Object.values(domainEvents).map(({ topic }) => topic))

/** The topics that must exist before services start; docs/kafka.md lists them. */
export const platformTopics: readonly KafkaTopic[] = [...domainTopics, auditIntakeTopic].map(topic => ({
  topic,
  partitions,
  retentionDays,
}))

/** A tenant's trail in one partition, so that whoever reads it sees sequence numbers without gaps. */
export const trailTopicOnDemand = (topic: string): KafkaTopic | undefined =>
  topic.startsWith(trailTopicPrefix) ? { topic, partitions: 1, retentionDays: 30 } : undefined
