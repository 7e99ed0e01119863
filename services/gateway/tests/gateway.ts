import { createLogger } from '@sallyport/telemetry/logger'
import { openMeter } from '@sallyport/telemetry/metrics'
import { noTracing } from '@sallyport/telemetry/tracing'
import type { FastifyInstance } from 'fastify'
import { gatewayDefaults } from '../src/config.ts'
import { type AppParts, buildApp } from '../src/edge/app.ts'
import { createSharedCounts } from '../src/edge/shared-counts.ts'
import { type FakeUpstreams, fakeUpstreams, goodToken } from './fake-upstreams.ts'

export const origin = 'https://sallyport.example'
export const bearer = { authorization: `Bearer ${goodToken}` }
export const json = { 'content-type': 'application/json' }

export type TestGateway = AsyncDisposable & {
  readonly app: FastifyInstance
  readonly upstreams: FakeUpstreams
  readonly metrics: () => Promise<string>
}

type Overrides = {
  readonly upstreams?: FakeUpstreams
  readonly config?: Partial<AppParts['config']>
  readonly log?: AppParts['log']
  readonly missing?: AppParts['missing']
  readonly tracing?: AppParts['tracing']
}

const unlimited = 1_000_000

/** The gateway without a network: requests are injected, services are fakes. */
export const testGateway = async (overrides: Overrides = {}): Promise<TestGateway> => {
  const upstreams = overrides.upstreams ?? fakeUpstreams()
  const limits = {
    read: unlimited,
    write: unlimited,
    login: unlimited,
    secret: unlimited,
    badTokens: unlimited,
  }
  const meter = openMeter(() => {})
  const app = await buildApp({
    config: { ...gatewayDefaults, origins: [origin], limits, ...overrides.config },
    upstreams,
    counts: createSharedCounts(upstreams.authentication),
    missing: overrides.missing ?? (async () => []),
    meter,
    tracing: overrides.tracing ?? noTracing,
    log: overrides.log ?? createLogger('gateway', 'silent'),
  })
  return { app, upstreams, metrics: meter.text, [Symbol.asyncDispose]: () => app.close() }
}
