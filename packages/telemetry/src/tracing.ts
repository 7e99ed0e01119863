import { ROOT_CONTEXT, trace, type Tracer } from '@opentelemetry/api'
import type { Logger } from './logger.ts'
import type { Meter } from './metrics.ts'
import type { AttributesOf, SpanName } from './span-catalogue.ts'
import { type Span, startSpan } from './span.ts'
import { placeOf } from './traceparent.ts'
import type { TracingConfig } from './tracing-config.ts'

/** The traces of one service. Where it is off there are no spans. */
export type Tracing = {
  /**
   * Begins a trace. Whether it is kept is decided here and now, whatever a client wishes.
   * @param from what a client says of its own trace: told as a link, if it is one
   */
  readonly begin: <N extends SpanName>(
    name: N,
    attributes: AttributesOf<N>,
    from?: string,
  ) => Span<N> | undefined
  /** Goes on with a trace that a service of ours began, and keeps it if that one does. */
  readonly resume: <N extends SpanName>(
    traceparent: string | undefined,
    name: N,
    attributes: AttributesOf<N>,
  ) => Span<N> | undefined
}

export const noTracing: Tracing = { begin: () => undefined, resume: () => undefined }

export type TracingOptions = {
  readonly service: string
  readonly config: TracingConfig | undefined
  readonly meter: Pick<Meter, 'count'>
  readonly log: Pick<Logger, 'warn' | 'info'>
}

/** Opens a service’s traces. Disposing it sends what waits, for two seconds at most. */
export const openTracing = async (options: TracingOptions): Promise<Tracing & AsyncDisposable> => {
  const { config } = options
  if (!config) return { ...noTracing, [Symbol.asyncDispose]: async () => {} }
  // Here and not above: who does not trace does not pay for reading it.
  const { openSpanExport } = await import('./span-export.ts')
  const spans = openSpanExport({ ...options, config })
  return { ...tracingOf(spans.tracer), [Symbol.asyncDispose]: () => spans[Symbol.asyncDispose]() }
}

const tracingOf = (tracer: Tracer): Tracing => ({
  begin: (name, attributes, from) => {
    const place = placeOf(from)
    const links = place ? [{ context: place }] : []
    return startSpan(tracer, ROOT_CONTEXT, name, attributes, links)
  },
  resume: (traceparent, name, attributes) => {
    const place = placeOf(traceparent)
    return place && startSpan(tracer, trace.setSpanContext(ROOT_CONTEXT, place), name, attributes)
  },
})
