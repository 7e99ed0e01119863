import type { ConnectionOptions } from 'node:tls'
import { Kafka, type LogEntry, logLevel } from 'kafkajs'
import type { EventsLog } from './event-log.ts'
import { openKafkaSocket } from './kafka-socket.ts'

/** How to reach the brokers, and as whom. */
export type KafkaConnection = {
  /** `host:port` of some of them; they tell of the others. */
  readonly brokers: readonly string[]
  /** Whom the brokers see in their logs and quotas, such as `sallyport-vault`. */
  readonly clientId: string
  /** Left out: everything crosses the network in clear. PEM; without an authority, those that Node trusts. */
  readonly tls?: KafkaTls | undefined
  /** SCRAM-SHA-512. */
  readonly login?: { readonly username: string; readonly password: string } | undefined
}

export type KafkaTls = {
  readonly authority?: Buffer | undefined
  /** The client’s own, where brokers know users by certificate. */
  readonly certificate?: Buffer | undefined
  readonly privateKey?: Buffer | undefined
}

/** The one place that speaks to kafkajs about connections, so that another client can take its place. */
export const kafkaClient = (connection: KafkaConnection, log: EventsLog): Kafka =>
  new Kafka({
    clientId: connection.clientId,
    brokers: [...connection.brokers],
    ssl: connection.tls ? secureOptions(connection.tls) : false,
    ...(connection.login && { sasl: { mechanism: 'scram-sha-512', ...connection.login } }),
    socketFactory: openKafkaSocket,
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    retry: { initialRetryTime: 100, maxRetryTime: 5_000, retries: 5 },
    logLevel: logLevel.WARN,
    logCreator: () => entry => report(entry, log),
  })

const secureOptions = ({ authority, certificate, privateKey }: KafkaTls): ConnectionOptions => ({
  minVersion: 'TLSv1.2',
  ...(authority && { ca: authority }),
  ...(certificate && privateKey && { cert: certificate, key: privateKey }),
})

/** What kafkajs calls an error is one try of several: whoever gave up in the end says so. */
const report = ({ namespace, log: { message, error } }: LogEntry, log: EventsLog): void =>
  log.warn({ client: namespace, reason: error }, `Kafka: ${message}`)
