import { checkedTraceparent } from '@sallyport/telemetry/traceparent'

/** A published event. */
export type EventRecord = {
  id: string
  topic: string
  key: string
  tenantId: string
  type: string
  /** Who says so, such as `sallyport/vault`. */
  source: string
  time: Date
  payload: Uint8Array
  /** Where it was made, in a trace; as W3C Trace Context writes it. */
  traceparent?: string | undefined
}

/** CloudEvents 1.0 context attributes, with `tenantid`, and its Distributed Tracing, as extensions. */
export type CloudEventHeaders = {
  specversion: '1.0'
  id: string
  source: string
  type: string
  time: string
  tenantid: string
  traceparent?: string | undefined
}

/** The record's attributes by their CloudEvents names. */
export const headersOf = ({
  id,
  source,
  type,
  time,
  tenantId,
  traceparent,
}: EventRecord): CloudEventHeaders => ({
  specversion: '1.0',
  id,
  source,
  type,
  time: time.toISOString(),
  tenantid: tenantId,
  ...(traceparent && { traceparent }),
})

/** The record that a driver stored as attributes, key and payload. */
export const recordOf = (
  topic: string,
  key: string,
  headers: Omit<CloudEventHeaders, 'specversion'>,
  payload: Uint8Array,
): EventRecord => ({
  id: headers.id,
  topic,
  key,
  tenantId: headers.tenantid,
  type: headers.type,
  source: headers.source,
  time: new Date(headers.time),
  payload,
  // One that is none is left out: an event is not lost for its trace.
  traceparent: checkedTraceparent(headers.traceparent),
})
