import { SallyportError } from '@sallyport/errors/error'
import type { Span } from '@sallyport/telemetry/span'
import type { SpanName } from '@sallyport/telemetry/span-catalogue'
import type { Tracing } from '@sallyport/telemetry/tracing'
import type { EventRecord } from './event-record.ts'

type Resume = Pick<Tracing, 'resume'> | undefined

/** The way of one event to the event log, in the trace in which it was made. */
export const publishSpan = (
  tracing: Resume,
  { traceparent, topic, type }: EventRecord,
): Span<'publish'> | undefined =>
  tracing?.resume(traceparent, 'publish', {
    'messaging.operation.type': 'send',
    'messaging.destination.template': templateOf(topic),
    'sallyport.event.type': type,
  })

/**
 * The work on one event by a group, in the trace in which it was made.
 * @param type one that the group knows: what others write into a topic is not told
 */
export const processSpan = (
  tracing: Resume,
  group: string,
  { traceparent, topic }: EventRecord,
  type: string,
): Span<'process'> | undefined =>
  tracing?.resume(traceparent, 'process', {
    'messaging.operation.type': 'process',
    'messaging.destination.template': templateOf(topic),
    'messaging.consumer.group.name': group,
    'sallyport.event.type': type,
  })

/** Does something with many events at once; each that is part of a trace has a span of its own, and goes on from it. */
export const eachInSpan = async <N extends SpanName>(
  events: readonly EventRecord[],
  spanOf: (event: EventRecord) => Span<N> | undefined,
  work: (events: readonly EventRecord[]) => Promise<void>,
): Promise<void> => {
  const spans: Span<N>[] = []
  const within = events.map(event => {
    const span = spanOf(event)
    if (!span) return event
    spans.push(span)
    return { ...event, traceparent: span.traceparent }
  })
  try {
    await work(within)
  } catch (thrown) {
    for (const span of spans) span.fail(SallyportError.from(thrown).code)
    throw thrown
  } finally {
    for (const span of spans) span[Symbol.dispose]()
  }
}

/** A tenant's trail has a topic of its own, whose name ends with the tenant. */
const templateOf = (topic: string): string =>
  topic.replace(/\.[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, '.{tenant}')
