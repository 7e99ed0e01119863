/** What is fixed about a kind of span. */
export type SpanRow = {
  /** What is shown of it: attributes stand in braces. */
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  /** What it tells, for whoever looks at a trace. */
  readonly what: string
  /** The only attributes it has. */
  readonly attributes: readonly AttributeName[]
  /** The services that tell it. */
  readonly services: readonly string[] | 'all'
}

/**
 * Every attribute there is. Values come from closed sets: never an id, a name, an address, a statement or a text that a
 * person or another system wrote. The names are OpenTelemetry’s where it has one.
 */
export const attributeCatalogue = {
  'http.request.method': 'The method',
  'http.route': 'The route’s pattern, or `none`',
  'http.response.status_code': 'The status of the answer',
  'rpc.system.name': '`grpc`',
  'rpc.method': 'The method: package, service and name',
  'db.system.name': '`postgresql`',
  'messaging.operation.type': '`send` or `process`',
  'messaging.destination.template': 'The topic, with `{tenant}` in place of an id',
  'messaging.consumer.group.name': 'The group that applied the event',
  'sallyport.event.type': 'The type of the event, as in [events.md](events.md)',
  'sallyport.attempt.ending': 'How an attempt ended: `succeeded`, `failed`, `retry`, `unknown`',
  'error.type': 'A code of [errors.md](errors.md), if it failed',
} as const satisfies Readonly<Record<string, string>>

export type AttributeName = keyof typeof attributeCatalogue

const withDatabase = ['access-control', 'vault', 'session-proxy', 'execution', 'audit'] as const
const rpc = ['rpc.system.name', 'rpc.method', 'error.type'] as const

/** Every kind of span there is; docs/tracing.md lists them. */
export const spanCatalogue = {
  request: {
    name: '{http.request.method} {http.route}',
    kind: 'server',
    what: 'A request to the REST API, from its head to the end of the answer. Begins a trace',
    attributes: ['http.request.method', 'http.route', 'http.response.status_code', 'error.type'],
    services: ['gateway'],
  },
  call: {
    name: '{rpc.method}',
    kind: 'client',
    what: 'A call of another service, with the wait for its connection',
    attributes: rpc,
    services: 'all',
  },
  answer: {
    name: '{rpc.method}',
    kind: 'server',
    what: 'The same call where it is answered',
    attributes: rpc,
    services: withDatabase,
  },
  transaction: {
    name: 'transaction',
    kind: 'client',
    what: 'A transaction of the database, with the wait for a connection',
    attributes: ['db.system.name', 'error.type'],
    services: withDatabase,
  },
  publish: {
    name: 'publish {sallyport.event.type}',
    kind: 'producer',
    what: 'An event on its way from the outbox to the event log. The gap before it is its wait in the outbox',
    attributes: [
      'messaging.operation.type',
      'messaging.destination.template',
      'sallyport.event.type',
      'error.type',
    ],
    services: withDatabase,
  },
  process: {
    name: 'process {sallyport.event.type}',
    kind: 'consumer',
    what: 'An event that is applied, with all tries',
    attributes: [
      'messaging.operation.type',
      'messaging.destination.template',
      'messaging.consumer.group.name',
      'sallyport.event.type',
      'error.type',
    ],
    services: ['access-control', 'vault', 'execution', 'audit'],
  },
  session: {
    name: 'session',
    kind: 'server',
    what: 'A session’s way to its target: from the request of its channel until it runs or was refused. Begins a trace',
    attributes: ['error.type'],
    services: ['session-proxy'],
  },
  admission: {
    name: 'admission',
    kind: 'internal',
    what: 'The decision, with the wait for a person who approves',
    attributes: ['error.type'],
    services: ['session-proxy'],
  },
  connection: {
    name: 'connection',
    kind: 'client',
    what: 'The way to the target: its connection, its host key and the sign-in',
    attributes: ['error.type'],
    services: ['session-proxy'],
  },
  attempt: {
    name: 'attempt',
    kind: 'internal',
    what: 'An attempt of an operation. Begins a trace',
    attributes: ['sallyport.attempt.ending', 'error.type'],
    services: ['execution'],
  },
} as const satisfies Readonly<Record<string, SpanRow>>

export type SpanName = keyof typeof spanCatalogue

/** The attributes of a span; another one does not compile. */
export type AttributesOf<N extends SpanName> = {
  readonly [A in (typeof spanCatalogue)[N]['attributes'][number]]?: string | number
}
