import { type Environment, readConfig } from '@sallyport/config/reader'
import { readEgressRules } from '@sallyport/egress/config'
import type { EgressRules } from '@sallyport/egress/rules'
import { type EventLogConfig, readEventLog } from '@sallyport/events/event-log-config'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { readTlsMaterial } from '@sallyport/rpc/tls-config'
import { type HealthConfig, readHealth } from '@sallyport/telemetry/health-config'
import { logLevels } from '@sallyport/telemetry/log-level'
import type { LogLevel } from '@sallyport/telemetry/logger'
import { readTracing, type TracingConfig } from '@sallyport/telemetry/tracing-config'

export type AuditConfig = {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** As role sallyport_audit. */
  readonly databaseUrl: string
  /** As role sallyport_audit_worker. */
  readonly workerDatabaseUrl: string
  readonly eventLog: EventLogConfig
  /** 32 bytes in base64, readable by the service only. */
  readonly chainKeyFile: string
  /** Where signed checkpoints are kept, out of reach of who can change the database. */
  readonly checkpointDirectory: string
  /** Whose keys verify caller tokens. */
  readonly accessControlAddress: string
  /** Where receivers of the trail must not be: the same as for targets. */
  readonly egress: EgressRules
  readonly tls: TlsMaterial
  readonly health?: HealthConfig | undefined
  readonly tracing?: TracingConfig | undefined
  readonly logLevel: LogLevel
}

/** @throws ConfigError */
export const readAuditConfig = (environment: Environment): AuditConfig =>
  readConfig(environment, reader => ({
    host: reader.text('SALLYPORT_AUDIT_HOST', '127.0.0.1'),
    port: reader.integer('SALLYPORT_AUDIT_PORT', { min: 0, max: 65_535 }, 7406),
    databaseUrl: reader.secretText('SALLYPORT_AUDIT_DATABASE_URL'),
    workerDatabaseUrl: reader.secretText('SALLYPORT_AUDIT_WORKER_DATABASE_URL'),
    eventLog: readEventLog(reader),
    chainKeyFile: reader.file('SALLYPORT_AUDIT_CHAIN_KEY_FILE'),
    checkpointDirectory: reader.text('SALLYPORT_AUDIT_CHECKPOINT_DIRECTORY'),
    accessControlAddress: reader.text('SALLYPORT_ACCESS_CONTROL_ADDRESS'),
    egress: readEgressRules(reader),
    tls: readTlsMaterial(reader),
    health: readHealth(reader),
    tracing: readTracing(reader),
    logLevel: reader.oneOf('SALLYPORT_LOG_LEVEL', logLevels, 'info'),
  }))
