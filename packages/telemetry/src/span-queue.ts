import { TraceFlags } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'

type Options = {
  /** Spans that may wait; those beyond are dropped. */
  readonly size: number
  readonly exporter: SpanExporter
  readonly makeProcessor: (exporter: SpanExporter) => SpanProcessor
  readonly onDropped: (count: number, reason: 'queue_full' | 'not_sent') => void
  /** Told once, when it begins. */
  readonly onFailing: (error: unknown) => void
  readonly onRecovered: () => void
}

/** A processor that counts what the library drops in silence, and tells of trouble when it begins and when it ends. */
export const boundedQueue = ({ size, exporter, makeProcessor, ...told }: Options): SpanProcessor => {
  let waiting = 0
  let isFailing = false
  const note = ({ code, error }: ExportResult, count: number): void => {
    const failed = code !== ExportResultCode.SUCCESS
    if (failed) told.onDropped(count, 'not_sent')
    if (failed === isFailing) return
    isFailing = failed
    if (failed) told.onFailing(error)
    else told.onRecovered()
  }
  const processor = makeProcessor({
    export: (spans, done) => {
      const finish = (result: ExportResult): void => {
        // Only now: what is on its way takes room too.
        waiting -= spans.length
        note(result, spans.length)
        done(result)
      }
      try {
        exporter.export(spans, finish)
      } catch (error) {
        finish({
          code: ExportResultCode.FAILED,
          error: error instanceof Error ? error : new Error(String(error)),
        })
      }
    },
    shutdown: () => exporter.shutdown(),
  })
  return {
    onStart: (span, parent) => processor.onStart(span, parent),
    onEnd: span => {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return
      if (waiting >= size) return told.onDropped(1, 'queue_full')
      waiting += 1
      processor.onEnd(span)
    },
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  }
}
