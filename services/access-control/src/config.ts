import { type Environment, readConfig } from '@sallyport/config/reader'
import { type EventLogConfig, readEventLog } from '@sallyport/events/event-log-config'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { readTlsMaterial } from '@sallyport/rpc/tls-config'
import { type HealthConfig, readHealth } from '@sallyport/telemetry/health-config'
import { logLevels } from '@sallyport/telemetry/log-level'
import type { LogLevel } from '@sallyport/telemetry/logger'
import { readTracing, type TracingConfig } from '@sallyport/telemetry/tracing-config'

export type AccessControlConfig = {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** As role sallyport_access_control. */
  readonly databaseUrl: string
  /** As role sallyport_access_control_worker. */
  readonly workerDatabaseUrl: string
  readonly eventLog: EventLogConfig
  /** The key ring that seals signing keys and second factors; readable by the service only. */
  readonly keyRingFile: string
  /** Which tells what targets there are. */
  readonly vaultAddress: string
  /** Failed logins that one source address may make in fifteen minutes. */
  readonly loginTriesPerSource: number
  readonly tls: TlsMaterial
  readonly health?: HealthConfig | undefined
  readonly tracing?: TracingConfig | undefined
  readonly logLevel: LogLevel
}

/** @throws ConfigError */
export const readAccessControlConfig = (environment: Environment): AccessControlConfig =>
  readConfig(environment, reader => ({
    host: reader.text('SALLYPORT_ACCESS_CONTROL_HOST', '127.0.0.1'),
    port: reader.integer('SALLYPORT_ACCESS_CONTROL_PORT', { min: 0, max: 65_535 }, 7401),
    databaseUrl: reader.secretText('SALLYPORT_ACCESS_CONTROL_DATABASE_URL'),
    workerDatabaseUrl: reader.secretText('SALLYPORT_ACCESS_CONTROL_WORKER_DATABASE_URL'),
    eventLog: readEventLog(reader),
    keyRingFile: reader.file('SALLYPORT_ACCESS_CONTROL_KEY_RING_FILE'),
    vaultAddress: reader.text('SALLYPORT_VAULT_ADDRESS'),
    loginTriesPerSource: reader.integer('SALLYPORT_LOGIN_TRIES_PER_SOURCE', { min: 5, max: 10_000 }, 20),
    tls: readTlsMaterial(reader),
    health: readHealth(reader),
    tracing: readTracing(reader),
    logLevel: reader.oneOf('SALLYPORT_LOG_LEVEL', logLevels, 'info'),
  }))
