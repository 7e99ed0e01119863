import { type RpcChannel, openChannel } from '@sallyport/rpc/channel'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { renewTls } from '@sallyport/rpc/tls-renewal'
import { serveHealth } from '@sallyport/telemetry/health'
import { createLogger, type Logger } from '@sallyport/telemetry/logger'
import { openMeter } from '@sallyport/telemetry/metrics'
import { openTracing } from '@sallyport/telemetry/tracing'
import { connectUpstreams, type UpstreamName, type Upstreams } from './clients/upstreams.ts'
import type { GatewayConfig } from './config.ts'
import { buildApp } from './edge/app.ts'
import { drainOf } from './edge/drain.ts'
import { createSharedCounts, type SharedCounts } from './edge/shared-counts.ts'
import { renewCertificate } from './edge/renew-certificate.ts'

export type RunningService = AsyncDisposable & {
  /** Where it listens, as a URL. */
  readonly address: string
}

export type GatewayOverrides = { readonly upstreams?: Upstreams; readonly log?: Logger }

/** Starts the gateway. It answers as soon as this resolves; the services behind it may come up later. */
export const startGateway = async (
  config: GatewayConfig,
  overrides: GatewayOverrides = {},
): Promise<RunningService> => {
  const log = overrides.log ?? createLogger('gateway', config.logLevel)
  await using opened = new AsyncDisposableStack()
  const tls = opened.use(renewTls(config.services.tls, { log }))
  const channels = openChannels(config.services.addresses, tls, opened)
  const upstreams = overrides.upstreams ?? connectUpstreams(channels)
  const missing = readiness(channels, upstreams)
  const meter = opened.use(openMeter(err => log.warn({ err }, 'A metric could not be read')))
  const tracing = opened.use(await openTracing({ service: 'gateway', config: config.tracing, meter, log }))
  const counts = createSharedCounts(upstreams.authentication)
  const app = await buildApp({ config, upstreams, counts, missing, meter, tracing, log })
  opened.defer(() => app.close())
  const drain = drainOf(app)
  if (config.tls) opened.use(renewCertificate(app, config.tls, log))
  const address = await app.listen({ host: config.host, port: config.port })
  if (config.health) {
    const needs = { 'every service behind it': async () => (await missing()).length === 0 }
    opened.use(await serveHealth({ ...config.health, meter, needs, log }))
  }
  opened.use(shareEvery(shareMs, counts, log))
  // First of all: whoever asks meanwhile is answered, and goes elsewhere from then on.
  opened.defer(() => drain.begin(config.drainSeconds ?? 0))
  const running = opened.move()
  return { address, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

const shareMs = 1_000

/** While access-control cannot be asked, each gateway counts for itself. */
const shareEvery = (everyMs: number, { share }: Pick<SharedCounts, 'share'>, log: Logger): Disposable => {
  let isSharing = false
  const timer = setInterval(() => {
    if (isSharing) return
    isSharing = true
    share()
      .catch((err: unknown) => log.warn({ err }, 'What was counted could not be shared'))
      .finally(() => {
        isSharing = false
      })
  }, everyMs)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

const openChannels = (
  addresses: Readonly<Record<UpstreamName, string>>,
  tls: TlsMaterial,
  opened: AsyncDisposableStack,
): Record<UpstreamName, RpcChannel> => {
  const open = (service: UpstreamName): RpcChannel =>
    opened.use(openChannel({ service, address: addresses[service], tls }))
  return {
    'access-control': open('access-control'),
    vault: open('vault'),
    execution: open('execution'),
    'session-proxy': open('session-proxy'),
    audit: open('audit'),
  }
}

const reachedWithinMs = 1_000

/**
 * Tells what a gateway lacks to be ready. It is, once it has reached every service; from then on while the one that says
 * who is calling answers, because without another one, much can be done.
 */
const readiness = (
  channels: Readonly<Record<UpstreamName, RpcChannel>>,
  { authentication }: Upstreams,
): (() => Promise<readonly UpstreamName[]>) => {
  const unreached = new Map(Object.entries(channels) as [UpstreamName, RpcChannel][])
  const reach = async ([name, channel]: [UpstreamName, RpcChannel]): Promise<void> => {
    if (await channel.connects(reachedWithinMs)) unreached.delete(name)
  }
  return async () => {
    await Promise.all([...unreached].map(reach))
    if (unreached.size > 0) return [...unreached.keys()]
    return authentication.getVerificationKeys({}, { deadlineMs: 2_000 }).then(
      () => [],
      () => ['access-control'],
    )
  }
}
