import { type Environment, readConfig } from '@sallyport/config/reader'
import { type EventLogConfig, readEventLog } from '@sallyport/events/event-log-config'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { readTlsMaterial } from '@sallyport/rpc/tls-config'
import { type HealthConfig, readHealth } from '@sallyport/telemetry/health-config'
import { logLevels } from '@sallyport/telemetry/log-level'
import type { LogLevel } from '@sallyport/telemetry/logger'
import { readTracing, type TracingConfig } from '@sallyport/telemetry/tracing-config'

export type VaultConfig = {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly accessControlAddress: string
  readonly tls: TlsMaterial
  readonly health?: HealthConfig | undefined
  readonly tracing?: TracingConfig | undefined
  /** As role sallyport_vault. */
  readonly databaseUrl: string
  /** As role sallyport_vault_worker. */
  readonly workerDatabaseUrl: string
  readonly eventLog: EventLogConfig
  /** The key ring with the root keys. */
  readonly rootKeyFile: string
  /** How long a reveal ticket may wait to be redeemed. */
  readonly ticketSeconds: number
  /** How long a screen may show a secret. */
  readonly showSeconds: number
  readonly logLevel: LogLevel
}

/** What needs no thought unless a test or an operator has one. */
export const vaultDefaults: Pick<VaultConfig, 'ticketSeconds' | 'showSeconds'> = {
  ticketSeconds: 30,
  showSeconds: 30,
}

/** Throws `ConfigError`, naming every problem. */
export const readVaultConfig = (environment: Environment): VaultConfig =>
  readConfig(environment, reader => ({
    host: reader.text('SALLYPORT_VAULT_HOST', '127.0.0.1'),
    port: reader.integer('SALLYPORT_VAULT_PORT', { min: 0, max: 65_535 }, 7443),
    accessControlAddress: reader.text('SALLYPORT_ACCESS_CONTROL_ADDRESS'),
    tls: readTlsMaterial(reader),
    health: readHealth(reader),
    tracing: readTracing(reader),
    databaseUrl: reader.secretText('SALLYPORT_VAULT_DATABASE_URL'),
    workerDatabaseUrl: reader.secretText('SALLYPORT_VAULT_WORKER_DATABASE_URL'),
    eventLog: readEventLog(reader),
    rootKeyFile: reader.file('SALLYPORT_VAULT_ROOT_KEY_FILE'),
    ticketSeconds: reader.integer(
      'SALLYPORT_VAULT_TICKET_SECONDS',
      { min: 1, max: 300 },
      vaultDefaults.ticketSeconds,
    ),
    showSeconds: reader.integer(
      'SALLYPORT_VAULT_SHOW_SECONDS',
      { min: 1, max: 3600 },
      vaultDefaults.showSeconds,
    ),
    logLevel: reader.oneOf('SALLYPORT_LOG_LEVEL', logLevels, 'info'),
  }))
