import {
  type Context,
  context,
  createContextKey,
  isSpanContextValid,
  type Link,
  type Span as ApiSpan,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { type ErrorCode, mappings } from '@sallyport/errors/codes'
import { SallyportError } from '@sallyport/errors/error'
import { type AttributesOf, spanCatalogue, type SpanName, type SpanRow } from './span-catalogue.ts'
import { traceparentOf } from './traceparent.ts'

/** Something that takes time, in a trace. Of a trace that is not kept it tells nothing, and its ids are in the log. */
export type Span<N extends SpanName> = Disposable & {
  readonly set: (attributes: AttributesOf<N>) => void
  /** Nothing but the code is told of a failure. */
  readonly fail: (code: ErrorCode) => void
  /** Runs work inside: its calls, transactions, events and log lines belong to the span. */
  readonly run: <R>(work: () => R) => R
  /** The place of the span in its trace, in the form of W3C Trace Context. */
  readonly traceparent: string
}

/** Several services may be in one process; a span within another is told by the service of that one. */
const tracerKey = createContextKey('The tracer of a service')

/** Starts a span, which ends when it is disposed of. */
export const startSpan = <N extends SpanName>(
  tracer: Tracer,
  parent: Context,
  name: N,
  attributes: AttributesOf<N>,
  links: Link[] = [],
): Span<N> => {
  const row: SpanRow = spanCatalogue[name]
  const span = tracer.startSpan(
    titleOf(row, attributes),
    { kind: kinds[row.kind], attributes, links },
    parent,
  )
  const inside = trace.setSpan(parent.setValue(tracerKey, tracer), span)
  return {
    set: more => void span.setAttributes(more),
    fail: code => failed(span, code),
    run: work => context.with(inside, work),
    traceparent: traceparentOf(span.spanContext()),
    [Symbol.dispose]: () => {
      if (span.isRecording()) span.end()
    },
  }
}

/** Runs work in a span, if there is one, and ends it. */
export const within = async <N extends SpanName, R>(
  span: Span<N> | undefined,
  work: () => Promise<R>,
): Promise<R> => {
  if (!span) return work()
  using open = span
  try {
    return await open.run(work)
  } catch (thrown) {
    open.fail(SallyportError.from(thrown).code)
    throw thrown
  }
}

/**
 * Runs work in a span of its own within the one that is under way. It simply runs outside of a trace that is kept, and after
 * the end of the span: what goes on for hours would tell without end.
 */
export const inSpan = <N extends SpanName, R>(
  name: N,
  attributes: AttributesOf<N>,
  work: () => Promise<R>,
): Promise<R> => {
  const active = context.active()
  const tracer = active.getValue(tracerKey) as Tracer | undefined
  if (!tracer || !trace.getSpan(active)?.isRecording()) return work()
  return within(startSpan(tracer, active, name, attributes), work)
}

/** Where the work that is under way stands in its trace; for whatever goes on with it elsewhere. */
export const currentTraceparent = (): string | undefined => {
  const place = trace.getSpanContext(context.active())
  return place && isSpanContextValid(place) ? traceparentOf(place) : undefined
}

/** What ties a log line to its trace, as OpenTelemetry calls it. */
export const traceFields = (): { readonly trace_id?: string; readonly span_id?: string } => {
  const place = trace.getSpanContext(context.active())
  return place ? { trace_id: place.traceId, span_id: place.spanId } : {}
}

const kinds: Readonly<Record<SpanRow['kind'], SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

const titleOf = ({ name }: SpanRow, attributes: Readonly<Record<string, unknown>>): string =>
  name.replaceAll(/\{([^}]+)\}/g, (_, attribute: string) => String(attributes[attribute]))

const failed = (span: ApiSpan, code: ErrorCode): void => {
  span.setAttributes({ 'error.type': code })
  // Shown in red: what is our fault. To be refused is an answer.
  if (mappings[code].http >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
}
