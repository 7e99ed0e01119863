/** What is fixed about a metric. */
export type MetricRow = {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** What it tells, for whoever looks at a dashboard. */
  readonly help: string
  /** The only labels it has. Their values come from closed sets: never an id, a name or anything a person typed. */
  readonly labels: readonly string[]
  /** The services that tell it. */
  readonly services: readonly string[] | 'all'
}

const withDatabase = ['access-control', 'vault', 'session-proxy', 'execution', 'audit'] as const
const seconds = 'in seconds'

/**
 * Every metric there is, by its name in Prometheus. Alerts and dashboards rely on names: one may be added, never renamed,
 * and docs/metrics.md lists them.
 */
export const metricCatalogue = {
  sallyport_rpc_requests_total: {
    kind: 'counter',
    help: 'Calls between services that were answered, by method and outcome: ok, or a code of docs/errors.md',
    labels: ['method', 'outcome'],
    services: withDatabase,
  },
  sallyport_rpc_request_seconds: {
    kind: 'histogram',
    help: `How long calls with one answer took, ${seconds}`,
    labels: ['method'],
    services: withDatabase,
  },
  sallyport_http_requests_total: {
    kind: 'counter',
    help: 'Requests to the REST API that were answered, by route and status',
    labels: ['route', 'status'],
    services: ['gateway'],
  },
  sallyport_http_request_seconds: {
    kind: 'histogram',
    help: `How long requests to the REST API took, ${seconds}`,
    labels: ['route'],
    services: ['gateway'],
  },
  sallyport_outbox_events: {
    kind: 'gauge',
    help: 'Events that wait to be published',
    labels: [],
    services: withDatabase,
  },
  sallyport_outbox_age_seconds: {
    kind: 'gauge',
    help: `How long the oldest event has waited to be published, ${seconds}; 0 if none waits`,
    labels: [],
    services: withDatabase,
  },
  sallyport_dead_letters: {
    kind: 'gauge',
    help: 'Events that could not be applied and wait for a person',
    labels: [],
    services: withDatabase,
  },
  sallyport_event_delay_seconds: {
    kind: 'histogram',
    help: `How long after an event it was applied, by the group that applied it, ${seconds}: how far consumers are behind`,
    labels: ['group'],
    services: ['access-control', 'vault', 'execution', 'audit'],
  },
  sallyport_decisions_total: {
    kind: 'counter',
    help: 'Decisions on the use of a credential, by action and outcome: allowed, or the reason of docs/errors.md',
    labels: ['action', 'outcome'],
    services: ['access-control'],
  },
  sallyport_sessions: {
    kind: 'gauge',
    help: 'Sessions that are live on this replica',
    labels: [],
    services: ['session-proxy'],
  },
  sallyport_operations: {
    kind: 'gauge',
    help: 'Operations that have not ended: scheduled, running, or unknown (their outcome must be found out)',
    labels: ['state'],
    services: ['execution'],
  },
  sallyport_rotation_policies: {
    kind: 'gauge',
    help: 'Credentials with a rotation policy, by when a change of their password was last proved: within a day, within a week, older, or never',
    labels: ['proved'],
    services: ['execution'],
  },
  sallyport_recorder_backlog_bytes: {
    kind: 'gauge',
    help: 'Output of sessions on this replica that waits to be written to its recording before it is shown',
    labels: [],
    services: ['session-proxy'],
  },
  sallyport_key_uses_ratio: {
    kind: 'gauge',
    help: 'How much of what one key may seal the most used tenant key has sealed: at 0.9 its rotation begins by itself',
    labels: [],
    services: ['vault'],
  },
  sallyport_audit_unsigned_records: {
    kind: 'gauge',
    help: 'Records of the audit trail, of all tenants, that no checkpoint covers yet',
    labels: [],
    services: ['audit'],
  },
  sallyport_audit_destinations_failing: {
    kind: 'gauge',
    help: 'Receivers of audit trails, of all tenants, to which nothing can be delivered',
    labels: [],
    services: ['audit'],
  },
  sallyport_audit_destinations_behind_records: {
    kind: 'gauge',
    help: 'Records that the receiver which is furthest behind has not read',
    labels: [],
    services: ['audit'],
  },
  sallyport_synthetic_runs_total: {
    kind: 'counter',
    help: 'Runs of the synthetic user that ended, by outcome: succeeded, or the step that failed',
    labels: ['outcome'],
    services: ['synthetic-user'],
  },
  sallyport_synthetic_step_seconds: {
    kind: 'histogram',
    help: `How long a step of the synthetic user took, ${seconds}, without waiting for the next one-time code`,
    labels: ['step'],
    services: ['synthetic-user'],
  },
  sallyport_synthetic_last_success_timestamp_seconds: {
    kind: 'gauge',
    help: 'When a run of the synthetic user last succeeded, in seconds since 1970; 0 if none has since it started',
    labels: [],
    services: ['synthetic-user'],
  },
  sallyport_spans_dropped_total: {
    kind: 'counter',
    help: 'Spans of traces that did not reach the collector, by reason: queue_full or not_sent',
    labels: ['reason'],
    services: 'all',
  },
  sallyport_process_memory_bytes: {
    kind: 'gauge',
    help: 'Memory of the process that is resident, in bytes',
    labels: [],
    services: 'all',
  },
  sallyport_process_cpu_seconds_total: {
    kind: 'counter',
    help: `Processor time of the process, user and system, ${seconds}`,
    labels: [],
    services: 'all',
  },
  sallyport_event_loop_delay_seconds: {
    kind: 'gauge',
    help: `How late timers were at the 99th percentile since the metrics were last read, ${seconds}`,
    labels: [],
    services: 'all',
  },
} as const satisfies Readonly<Record<string, MetricRow>>

type Catalogue = typeof metricCatalogue

export type MetricName = keyof Catalogue
type OfKind<K extends MetricRow['kind']> = {
  [N in MetricName]: Catalogue[N]['kind'] extends K ? N : never
}[MetricName]
export type CounterName = Exclude<OfKind<'counter'>, 'sallyport_process_cpu_seconds_total'>
export type HistogramName = OfKind<'histogram'>
export type GaugeName = OfKind<'gauge'> | 'sallyport_process_cpu_seconds_total'

/** The labels of a metric; another one does not compile. */
export type LabelsOf<N extends MetricName> = Readonly<Record<Catalogue[N]['labels'][number], string>>
