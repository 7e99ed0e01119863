import { type Environment, type Reader, readConfig } from '@sallyport/config/reader'
import { readEgressRules } from '@sallyport/egress/config'
import type { EgressRules } from '@sallyport/egress/rules'
import { type EventLogConfig, readEventLog } from '@sallyport/events/event-log-config'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { readTlsMaterial } from '@sallyport/rpc/tls-config'
import { type HealthConfig, readHealth } from '@sallyport/telemetry/health-config'
import { logLevels } from '@sallyport/telemetry/log-level'
import type { LogLevel } from '@sallyport/telemetry/logger'
import { readTracing, type TracingConfig } from '@sallyport/telemetry/tracing-config'

export type ExecutionConfig = {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** As role sallyport_execution. */
  readonly databaseUrl: string
  /** As role sallyport_execution_worker. */
  readonly workerDatabaseUrl: string
  readonly eventLog: EventLogConfig
  readonly accessControlAddress: string
  readonly vaultAddress: string
  readonly tls: TlsMaterial
  readonly health?: HealthConfig | undefined
  readonly tracing?: TracingConfig | undefined
  readonly egress: EgressRules
  readonly worker: WorkerConfig
  readonly logLevel: LogLevel
  /** A place of the journal at which the process kills itself, such as `before sent`. Only in tests. */
  readonly crashAt?: string
}

export type WorkerConfig = {
  /** Operations at a time. */
  readonly slots: number
  readonly idleMs: number
  /** How long a stop waits for what runs. */
  readonly graceMs: number
}

export const defaultWorker: WorkerConfig = { slots: 4, idleMs: 300, graceMs: 15_000 }

/** @throws ConfigError */
export const readExecutionConfig = (environment: Environment): ExecutionConfig =>
  readConfig(environment, reader => ({
    host: reader.text('SALLYPORT_EXECUTION_HOST', '127.0.0.1'),
    port: reader.integer('SALLYPORT_EXECUTION_PORT', { min: 0, max: 65_535 }, 7404),
    databaseUrl: reader.secretText('SALLYPORT_EXECUTION_DATABASE_URL'),
    workerDatabaseUrl: reader.secretText('SALLYPORT_EXECUTION_WORKER_DATABASE_URL'),
    eventLog: readEventLog(reader),
    accessControlAddress: reader.text('SALLYPORT_ACCESS_CONTROL_ADDRESS'),
    vaultAddress: reader.text('SALLYPORT_VAULT_ADDRESS'),
    tls: readTlsMaterial(reader),
    health: readHealth(reader),
    tracing: readTracing(reader),
    egress: readEgressRules(reader),
    worker: {
      ...defaultWorker,
      slots: reader.integer('SALLYPORT_EXECUTION_SLOTS', { min: 1, max: 64 }, defaultWorker.slots),
    },
    logLevel: reader.oneOf('SALLYPORT_LOG_LEVEL', logLevels, 'info'),
    ...readCrashAt(environment, reader),
  }))

const readCrashAt = (environment: Environment, reader: Reader): { crashAt?: string } => {
  const crashAt = environment['NODE_ENV'] === 'test' ? reader.optional('SALLYPORT_CRASH_AT') : undefined
  return crashAt === undefined ? {} : { crashAt }
}
