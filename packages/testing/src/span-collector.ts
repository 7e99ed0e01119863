import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A span as it was told. */
export type CollectedSpan = {
  readonly service: string
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  /** Milliseconds since 1970. */
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, string | number>>
  readonly linkedTraceIds: readonly string[]
  readonly isError: boolean
}

/** `hang`: takes everything, and answers nothing. */
export type CollectorMood = 'accept' | 'unavailable' | 'refuse' | 'hang'

export type SpanCollector = AsyncDisposable & {
  readonly endpoint: string
  readonly spans: () => readonly CollectedSpan[]
  /** Every byte that it was sent, as text. */
  readonly received: () => string
  /** How often something was sent to it. */
  readonly requests: () => number
  readonly become: (mood: CollectorMood) => void
}

const statusOf = { accept: 200, unavailable: 503, refuse: 400 } as const

/** A collector of OTLP/HTTP in JSON, on loopback. */
export const openSpanCollector = async (first: CollectorMood = 'accept'): Promise<SpanCollector> => {
  let mood = first
  let requests = 0
  const bodies: string[] = []
  const spans: CollectedSpan[] = []
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requests += 1
    const body = await request.setEncoding('utf8').toArray()
    if (mood === 'hang') return
    if (mood === 'accept') {
      bodies.push(body.join(''))
      spans.push(...spansOf(JSON.parse(body.join('')) as Wire))
    }
    response.writeHead(statusOf[mood], { 'content-type': 'application/json' }).end('{}')
  }
  // A sender that is cut off in the middle is no failure here.
  const server = createServer((request, response) => void take(request, response).catch(() => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    received: () => bodies.join('\n'),
    requests: () => requests,
    become: next => {
      mood = next
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

type WireValue = { readonly stringValue?: string; readonly intValue?: number | string }
type WireAttribute = { readonly key: string; readonly value: WireValue }
type WireSpan = {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly WireAttribute[]
  readonly links?: readonly { readonly traceId: string }[]
  readonly status: { readonly code?: number }
}
type Wire = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly WireAttribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[]
  }[]
}

const spansOf = ({ resourceSpans }: Wire): CollectedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource.attributes)['service.name'])
    return scopeSpans.flatMap(scope => scope.spans.map(span => spanOf(service, span)))
  })

const spanOf = (service: string, span: WireSpan): CollectedSpan => ({
  service,
  name: span.name,
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId || undefined,
  startMs: Number(BigInt(span.startTimeUnixNano) / 1000n) / 1000,
  endMs: Number(BigInt(span.endTimeUnixNano) / 1000n) / 1000,
  attributes: attributesOf(span.attributes),
  linkedTraceIds: (span.links ?? []).map(({ traceId }) => traceId),
  isError: span.status.code === 2,
})

const attributesOf = (attributes: readonly WireAttribute[]): Record<string, string | number> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]))
