import { isSpanContextValid, type SpanContext } from '@opentelemetry/api'
import { parseTraceParent } from '@opentelemetry/core'

/** The place of a span as W3C Trace Context writes it. Vendors’ state (`tracestate`) does not travel. */
export const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-0${traceFlags & 1}`

/** The place that a header names; nothing if it is not in the form of version 00. */
export const placeOf = (traceparent: string | undefined): SpanContext | undefined => {
  // Longer ones, of versions to come, are not ours.
  if (traceparent?.length !== 55) return undefined
  const place = parseTraceParent(traceparent)
  return place && isSpanContextValid(place) ? { ...place, isRemote: true } : undefined
}

/** The text if it is a place in a trace. */
export const checkedTraceparent = (text: string | undefined): string | undefined =>
  placeOf(text) ? text : undefined
