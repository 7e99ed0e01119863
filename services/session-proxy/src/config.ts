import { hostname } from 'node:os'
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
import type { GateLimits } from './protocols/ssh/connection-gate.ts'
import type { RekeyLimits } from './protocols/ssh/rekeying.ts'

export type SessionProxyConfig = {
  readonly host: string
  /** Of the gRPC server. 0: any free one. */
  readonly port: number
  readonly sshHost: string
  /** Of the SSH door. 0: any free one. */
  readonly sshPort: number
  readonly sshLimits: GateLimits
  readonly maxChannelsPerConnection: number
  /** How long sessions go on after the proxy was told to stop. */
  readonly drainSeconds: number
  readonly sshRekey: RekeyLimits
  readonly egress: EgressRules
  /** Made at the first start if it is missing. */
  readonly sshHostKeyFile: string
  /** Sealed recordings go here. */
  readonly recordingDirectory: string
  /** A key ring of the recordings' own root keys. */
  readonly recordingKeyFile: string
  /** This node's name, the same after a restart and no other node's. */
  readonly instance: string
  /** `host:port` at which the other replicas reach its gRPC server; where it listens unless given. */
  readonly instanceAddress?: string | undefined
  /** Refuse to start without ssh2's native addon. */
  readonly requireNativeAddon: boolean
  /** As role sallyport_session_proxy. */
  readonly databaseUrl: string
  /** As role sallyport_session_proxy_worker. */
  readonly workerDatabaseUrl: string
  readonly eventLog: EventLogConfig
  readonly accessControlAddress: string
  readonly vaultAddress: string
  readonly tls: TlsMaterial
  readonly health?: HealthConfig | undefined
  readonly tracing?: TracingConfig | undefined
  readonly logLevel: LogLevel
}

export const defaultSshLimits: GateLimits = {
  maxConnections: 2_000,
  maxConnectionsPerSource: 200,
  maxSigningIn: 200,
  maxSigningInPerSource: 50,
  firstFactorSeconds: 30,
  signInSeconds: 120,
}

/** RFC 4253, section 9: after a gigabyte or an hour, whichever comes first. */
export const defaultSshRekey: RekeyLimits = { bytes: 1024 ** 3, seconds: 3_600, exchangeSeconds: 30 }

/** @throws ConfigError */
export const readSessionProxyConfig = (environment: Environment): SessionProxyConfig =>
  readConfig(environment, reader => ({
    host: reader.text('SALLYPORT_SESSION_PROXY_HOST', '127.0.0.1'),
    port: reader.integer('SALLYPORT_SESSION_PROXY_PORT', { min: 0, max: 65_535 }, 7405),
    sshHost: reader.text('SALLYPORT_SSH_HOST', '127.0.0.1'),
    sshPort: reader.integer('SALLYPORT_SSH_PORT', { min: 0, max: 65_535 }, 2222),
    sshLimits: {
      ...defaultSshLimits,
      maxConnections: reader.integer(
        'SALLYPORT_SSH_MAX_CONNECTIONS',
        { min: 1, max: 100_000 },
        defaultSshLimits.maxConnections,
      ),
      maxConnectionsPerSource: reader.integer(
        'SALLYPORT_SSH_MAX_CONNECTIONS_PER_SOURCE',
        { min: 1, max: 100_000 },
        defaultSshLimits.maxConnectionsPerSource,
      ),
    },
    maxChannelsPerConnection: reader.integer('SALLYPORT_SSH_MAX_CHANNELS', { min: 1, max: 100 }, 10),
    drainSeconds: reader.integer('SALLYPORT_SSH_DRAIN_SECONDS', { min: 0, max: 86_400 }, 0),
    sshRekey: {
      ...defaultSshRekey,
      bytes: reader.integer(
        'SALLYPORT_SSH_REKEY_BYTES',
        { min: 1024 ** 2, max: defaultSshRekey.bytes },
        defaultSshRekey.bytes,
      ),
      seconds: reader.integer(
        'SALLYPORT_SSH_REKEY_SECONDS',
        { min: 60, max: defaultSshRekey.seconds },
        defaultSshRekey.seconds,
      ),
    },
    egress: readEgressRules(reader),
    sshHostKeyFile: reader.text('SALLYPORT_SSH_HOST_KEY_FILE'),
    recordingDirectory: reader.text('SALLYPORT_RECORDING_DIRECTORY'),
    recordingKeyFile: reader.file('SALLYPORT_RECORDING_KEY_FILE'),
    instance: reader.text('SALLYPORT_INSTANCE', hostname()),
    instanceAddress: readInstanceAddress(reader),
    requireNativeAddon: reader.flag('SALLYPORT_SSH_REQUIRE_NATIVE_ADDON', true),
    databaseUrl: reader.secretText('SALLYPORT_SESSION_PROXY_DATABASE_URL'),
    workerDatabaseUrl: reader.secretText('SALLYPORT_SESSION_PROXY_WORKER_DATABASE_URL'),
    eventLog: readEventLog(reader),
    accessControlAddress: reader.text('SALLYPORT_ACCESS_CONTROL_ADDRESS'),
    vaultAddress: reader.text('SALLYPORT_VAULT_ADDRESS'),
    tls: readTlsMaterial(reader),
    health: readHealth(reader),
    tracing: readTracing(reader),
    logLevel: reader.oneOf('SALLYPORT_LOG_LEVEL', logLevels, 'info'),
  }))

const readInstanceAddress = (reader: Reader): string | undefined => {
  const address = reader.optional('SALLYPORT_INSTANCE_ADDRESS')
  const listensAnywhere = ['0.0.0.0', '::'].includes(reader.optional('SALLYPORT_SESSION_PROXY_HOST') ?? '')
  if (address === undefined && listensAnywhere)
    reader.complain(
      'SALLYPORT_INSTANCE_ADDRESS is not set: where SALLYPORT_SESSION_PROXY_HOST is any address, say at which the ' +
        'other replicas reach this one',
    )
  return address
}
