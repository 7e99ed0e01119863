// Creates the topics of an installation on its brokers, before its services start. Those that exist stay as they are.
import { ConfigError, readConfig } from '@sallyport/config/reader'
import { readEventLog } from '@sallyport/events/event-log-config'
import { createTopics } from '@sallyport/events/kafka-topics'
import { createLogger } from '@sallyport/telemetry/logger'
import { platformTopics } from './events/topics.ts'

try {
  const config = readConfig(process.env, readEventLog)
  if (config.kind !== 'kafka') throw new ConfigError(['SALLYPORT_KAFKA_BROKERS is not set'])
  const connection = { ...config.connection, clientId: 'sallyport-topics' }
  const created = new Set(await createTopics(connection, platformTopics, createLogger('topics', 'error')))
  for (const { topic, partitions, retentionDays } of platformTopics) {
    const what = created.has(topic)
      ? `created, ${partitions} partitions, ${retentionDays} days`
      : 'exists, and stays as it is'
    process.stdout.write(`${topic}: ${what}\n`)
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78
}
