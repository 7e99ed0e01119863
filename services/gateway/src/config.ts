import { type Environment, type Reader, readConfig } from '@sallyport/config/reader'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { readTlsMaterial } from '@sallyport/rpc/tls-config'
import { type HealthConfig, readHealth } from '@sallyport/telemetry/health-config'
import { logLevels } from '@sallyport/telemetry/log-level'
import type { LogLevel } from '@sallyport/telemetry/logger'
import { readTracing, type TracingConfig } from '@sallyport/telemetry/tracing-config'
import type { UpstreamName } from './clients/upstreams.ts'
import type { RateLimits } from './edge/rate-limits.ts'
import type { RightsWatchOptions } from './edge/rights-watch.ts'

/** What the gateway shows browsers and programs; PEM. */
export type EdgeTls = {
  readonly certificate: Buffer
  readonly privateKey: Buffer
  /** Paths that they were read from, if it was from files. */
  readonly files?: Readonly<Record<'certificate' | 'privateKey', string>>
}

export type GatewayConfig = {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** What browsers call this site, such as `https://sallyport.example`; the first is told to people. */
  readonly origins: readonly string[]
  /** Addresses or networks of load balancers whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Absent: plain HTTP, for loopback or behind a load balancer that speaks TLS. */
  readonly tls?: EdgeTls
  readonly limits: RateLimits
  readonly upstreamDeadlineMs: number
  /** How long it goes on answering after it was told to stop, and sends who asks to another one; 0 unless given. */
  readonly drainSeconds?: number
  readonly rightsWatch: RightsWatchOptions
  readonly services: {
    readonly addresses: Readonly<Record<UpstreamName, string>>
    readonly tls: TlsMaterial
  }
  /** For those who watch the installation, apart from the API. */
  readonly health?: HealthConfig | undefined
  readonly tracing?: TracingConfig | undefined
  readonly logLevel: LogLevel
}

export const defaultLimits: RateLimits = { read: 3_000, write: 1_200, login: 60, secret: 120, badTokens: 300 }

/** What needs no thought unless a test or an operator has one. */
export const gatewayDefaults: Pick<
  GatewayConfig,
  'trustedProxies' | 'limits' | 'upstreamDeadlineMs' | 'rightsWatch'
> = {
  trustedProxies: [],
  limits: defaultLimits,
  upstreamDeadlineMs: 10_000,
  rightsWatch: { everyMs: 1_000, graceMs: 10_000 },
}

/** @throws ConfigError */
export const readGatewayConfig = (environment: Environment): GatewayConfig =>
  readConfig(environment, reader => {
    const tls = readTls(reader)
    return {
      ...gatewayDefaults,
      host: reader.text('SALLYPORT_GATEWAY_HOST', '127.0.0.1'),
      port: reader.integer('SALLYPORT_GATEWAY_PORT', { min: 0, max: 65_535 }, 8443),
      origins: list(reader.text('SALLYPORT_GATEWAY_ORIGINS')),
      trustedProxies: list(reader.optional('SALLYPORT_GATEWAY_TRUSTED_PROXIES')),
      ...(tls && { tls }),
      limits: readLimits(reader),
      drainSeconds: reader.integer('SALLYPORT_GATEWAY_DRAIN_SECONDS', { min: 0, max: 60 }, 0),
      services: {
        addresses: {
          'access-control': reader.text('SALLYPORT_ACCESS_CONTROL_ADDRESS'),
          vault: reader.text('SALLYPORT_VAULT_ADDRESS'),
          execution: reader.text('SALLYPORT_EXECUTION_ADDRESS'),
          'session-proxy': reader.text('SALLYPORT_SESSION_PROXY_ADDRESS'),
          audit: reader.text('SALLYPORT_AUDIT_ADDRESS'),
        },
        tls: readTlsMaterial(reader),
      },
      health: readHealth(reader),
      tracing: readTracing(reader),
      logLevel: reader.oneOf('SALLYPORT_LOG_LEVEL', logLevels, 'info'),
    }
  })

const readTls = (reader: Reader): GatewayConfig['tls'] => {
  const certificate = reader.optional('SALLYPORT_GATEWAY_TLS_CERTIFICATE_FILE')
  if (certificate === undefined) return undefined
  return {
    certificate: reader.bytes('SALLYPORT_GATEWAY_TLS_CERTIFICATE_FILE'),
    privateKey: reader.bytes('SALLYPORT_GATEWAY_TLS_KEY_FILE'),
    files: { certificate, privateKey: reader.text('SALLYPORT_GATEWAY_TLS_KEY_FILE') },
  }
}

const readLimits = (reader: Reader): RateLimits => {
  const perMinute = (name: string, fallback: number): number =>
    reader.integer(`SALLYPORT_GATEWAY_LIMIT_${name}`, { min: 1, max: 10_000_000 }, fallback)
  return {
    read: perMinute('READ', defaultLimits.read),
    write: perMinute('WRITE', defaultLimits.write),
    login: perMinute('LOGIN', defaultLimits.login),
    secret: perMinute('SECRET', defaultLimits.secret),
    badTokens: perMinute('BAD_TOKENS', defaultLimits.badTokens),
  }
}

const list = (text: string | undefined): readonly string[] =>
  (text ?? '').split(',').flatMap(item => (item.trim() === '' ? [] : [item.trim()]))
