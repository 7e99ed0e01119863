import { context, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { boundedQueue } from './span-queue.ts'
import type { TracingConfig } from './tracing-config.ts'
import type { TracingOptions } from './tracing.ts'

/** For one batch, with the tries that fit. */
const sendMs = 2_000
const batchSize = 256
const queueSize = 2_048
const everyMs = 1_000
/** Stopping waits no longer for a collector. */
const flushMs = 2_000

/** Sends the spans of a service to a collector, as JSON of OTLP/HTTP. */
export const openSpanExport = ({
  service,
  config,
  meter,
  log,
}: TracingOptions & { readonly config: TracingConfig }): AsyncDisposable & { readonly tracer: Tracer } => {
  // One for the process; a second one changes nothing.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const queue = boundedQueue({
    size: queueSize,
    exporter: new OTLPTraceExporter({ url: tracesUrl(config.endpoint), timeoutMillis: sendMs }),
    makeProcessor: exporter =>
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: queueSize,
        maxExportBatchSize: batchSize,
        scheduledDelayMillis: everyMs,
        exportTimeoutMillis: 2 * sendMs,
      }),
    onDropped: (count, reason) => {
      for (let n = 0; n < count; n += 1) meter.count('sallyport_spans_dropped_total', { reason })
    },
    onFailing: err => log.warn({ err }, 'Spans cannot be sent to the collector, and are dropped'),
    onRecovered: () => log.info({}, 'Spans are sent to the collector again'),
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': `sallyport-${service}` }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.ratio) }),
    spanProcessors: [queue],
  })
  return {
    tracer: provider.getTracer('sallyport'),
    [Symbol.asyncDispose]: () => withinTime(provider.shutdown(), flushMs),
  }
}

const tracesUrl = (endpoint: string): string => `${endpoint.replace(/\/+$/, '')}/v1/traces`

const withinTime = async (work: Promise<void>, milliseconds: number): Promise<void> => {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, milliseconds)
  // What could not be sent was told and counted.
  await Promise.race([work.catch(() => {}), late.promise])
  clearTimeout(timer)
}
