import { createLogger } from '@sallyport/telemetry/logger'
import { openMeter } from '@sallyport/telemetry/metrics'
import { openTracing, type Tracing } from '@sallyport/telemetry/tracing'
import { eventually } from './eventually.ts'
import { type CollectedSpan, openSpanCollector } from './span-collector.ts'

export type Traced = AsyncDisposable & {
  readonly tracing: Tracing
  /** Waits until there are as many. */
  readonly spans: (count: number) => Promise<readonly CollectedSpan[]>
  /** Every byte that was sent to the collector. */
  readonly received: () => string
}

/** Traces of a service, all kept, with a collector of their own. */
export const openTraced = async (service: string): Promise<Traced> => {
  const collector = await openSpanCollector()
  const tracing = await openTracing({
    service,
    config: { endpoint: collector.endpoint, ratio: 1 },
    meter: openMeter(() => {}),
    log: createLogger(service, 'silent'),
  })
  return {
    tracing,
    spans: count => eventually(() => collector.spans().length >= count && collector.spans()),
    received: collector.received,
    [Symbol.asyncDispose]: async () => {
      await tracing[Symbol.asyncDispose]()
      await collector[Symbol.asyncDispose]()
    },
  }
}
