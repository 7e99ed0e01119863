import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { platformTopics, trailTopicOnDemand } from './topics.ts'

const page = readFileSync(join(import.meta.dirname, '../../../../docs/kafka.md'), 'utf8')

/** Topic, partitions and days of each row of the table. */
const documented = [...page.matchAll(/^\| `(sallyport\.[^`]+)` \| (\d+) \| (\d+) \|/gm)].map(
  ([, topic = '', partitions, days]) => ({
    topic,
    partitions: Number(partitions),
    retentionDays: Number(days),
  }),
)

describe('The topics', () => {
  it('are those of docs/kafka.md', () => {
    const trail = trailTopicOnDemand('sallyport.audit.v1.<tenant id>')
    expect(documented.toSorted(byTopic)).toEqual([...platformTopics, trail ?? []].flat().toSorted(byTopic))
  })

  it('of other people are not made on demand', () => {
    expect(trailTopicOnDemand('sallyport.vault.v1')).toBeUndefined()
    expect(trailTopicOnDemand('orders')).toBeUndefined()
  })
})

const byTopic = (one: { topic: string }, other: { topic: string }): number =>
  one.topic.localeCompare(other.topic)
