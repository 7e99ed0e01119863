import type { EventDriver } from './driver.ts'
import type { EventLogConfig } from './event-log-config.ts'
import type { EventsLog } from './event-log.ts'
import { openKafkaLog } from './kafka-log.ts'
import type { KafkaTopic } from './kafka-topics.ts'
import { openPostgresLog } from './postgres-log.ts'

type Options = {
  /** Who connects, as servers show it: `vault`. */
  readonly service: string
  readonly log: EventsLog
  /** See `KafkaLogOptions`. */
  readonly topicOnDemand?: (topic: string) => KafkaTopic | undefined
}

/** Opens the driver that an operator chose. */
export const openEventLog = (config: EventLogConfig, { service, log, ...options }: Options): EventDriver => {
  if (config.kind === 'kafka') {
    const connection = { ...config.connection, clientId: `sallyport-${service}` }
    return openKafkaLog({ connection, log, ...options })
  }
  const connection = { connectionString: config.url, application_name: `${service} events` }
  return openPostgresLog({ connection, log })
}
