/** Series as promtool takes them. */
export type Series = Readonly<Record<string, string>>

export type AlertCase = {
  /** After how many minutes it is looked at. */
  readonly minutes: number
  /** How many minutes are between two values; 1 unless given. */
  readonly step?: number
  /** It fires for each of these, */
  readonly bad: readonly Series[]
  /** and for none of these. */
  readonly good: readonly Series[]
}

const up = (service: string, values: string, instance = 'a'): Series => ({
  [`up{service="${service}", job="pam/sallyport", instance="${instance}"}`]: values,
})
const services = ['gateway', 'access-control', 'vault', 'session-proxy', 'execution', 'audit']
const allUp: Series = Object.assign({}, ...services.map(service => up(service, '1x60')))

const answers = (good: number, failed: number): Series => ({
  'sallyport_http_requests_total{route="GET /v1/me", status="200"}': `0+${good}x400`,
  'sallyport_http_requests_total{route="GET /v1/me", status="503"}': `0+${failed}x400`,
})

const bucket = (name: string, labels: string, le: string, count: number): Series => ({
  [`${name}_bucket{${labels}, le="${le}"}`]: `0+${count}x60`,
})
/** A hundred a minute, of which so many are over the last bucket but one. */
const times = (name: string, labels: string, [low, high]: [string, string], late: number): Series => ({
  ...bucket(name, labels, low, 100 - late),
  ...bucket(name, labels, high, 100),
  ...bucket(name, labels, '+Inf', 100),
})
const asked = (name: string, route: string, late: number): Series =>
  times(name, `route="${route}"`, ['1', '2.5'], late)

const gauge = (name: string, minutes: number, bad: number, good: number): AlertCase => ({
  minutes,
  bad: [{ [name]: `${bad}x2000` }],
  good: [{ [name]: `${good}x2000` }],
})
const calls = (method: string, outcome: string, values: string): Series => ({
  [`sallyport_rpc_requests_total{service="vault", method="${method}", outcome="${outcome}"}`]: values,
})
const policies = (never: number): Series => ({
  'sallyport_rotation_policies{proved="never"}': `${never}x2000`,
  'sallyport_rotation_policies{proved="day"}': `${100 - never}x2000`,
})
const resident = (service: string, bytes: number): Series => ({
  [`sallyport_process_memory_bytes{service="${service}", instance="a"}`]: `${bytes}x60`,
})
const release = 'SecretService/ReleaseSecret'
const http = 'sallyport_http_request_seconds'
const delay = 'sallyport_event_delay_seconds'
const unsigned = 'sallyport_audit_unsigned_records'

const runs = (succeeded: string, failed: string, lastSuccess: string): Series => ({
  'sallyport_synthetic_runs_total{outcome="succeeded"}': succeeded,
  'sallyport_synthetic_runs_total{outcome="approve"}': failed,
  sallyport_synthetic_last_success_timestamp_seconds: lastSuccess,
})

export const alertCases: Readonly<Record<string, AlertCase>> = {
  SallyportServiceDown: { minutes: 5, bad: [{ ...allUp, ...up('vault', '0x60', 'b') }], good: [allUp] },
  SallyportServiceGone: {
    minutes: 5,
    bad: [{ ...allUp, ...up('vault', '0x60') }, up('gateway', '1x60')],
    good: [{ ...allUp, ...up('vault', '0x60', 'b') }],
  },
  SallyportAvailabilityBurnsFast: {
    minutes: 80,
    bad: [answers(980, 20)],
    good: [answers(990, 10), answers(100, 0)],
  },
  SallyportAvailabilityBurns: { minutes: 395, step: 5, bad: [answers(990, 10)], good: [answers(995, 5)] },
  SallyportSlow: {
    minutes: 30,
    bad: [asked(http, 'GET /v1/me', 10)],
    good: [{ ...asked(http, 'GET /v1/me', 0), ...asked(http, 'GET /v1/sessions/:id/live', 100) }],
  },
  SallyportInternalErrors: {
    minutes: 20,
    bad: [calls(release, 'internal', '_x14 1x20'), calls(release, 'internal', '5x14 6x20')],
    good: [calls(release, 'internal', '5x60'), calls(release, 'ok', '_x14 1x20')],
  },
  SallyportCallersRefused: {
    minutes: 20,
    bad: [calls(release, 'permission_denied', '0+90x60')],
    good: [calls(release, 'permission_denied', '0+30x60'), calls(release, 'not_found', '0+90x60')],
  },
  SallyportEventLoopLate: gauge('sallyport_event_loop_delay_seconds', 20, 0.4, 0.02),
  SallyportMemoryHigh: {
    minutes: 20,
    bad: [resident('vault', 4.6e8), resident('session-proxy', 9.1e8)],
    good: [resident('vault', 3e8), resident('session-proxy', 6e8)],
  },
  SallyportOutboxStuck: gauge('sallyport_outbox_age_seconds', 10, 120, 2),
  SallyportConsumerBehind: {
    minutes: 20,
    bad: [times(delay, 'group="vault"', ['2.5', '10'], 10)],
    good: [times(delay, 'group="vault"', ['2.5', '10'], 0)],
  },
  SallyportDeadLetters: gauge('sallyport_dead_letters', 5, 1, 0),
  SallyportTrailUnsigned: {
    minutes: 24,
    bad: [
      { [unsigned]: '3x60' },
      { [unsigned]: '2100 3000 2500 2200 4000 2900 2600 2100 3000 2100 2400 2600x20' },
    ],
    good: [
      { [unsigned]: '900 40 700 3 0 900 40 700 3 6 900 40 700 3 9 900 40 700 3 900 40 700 3 900 40 700' },
    ],
  },
  SallyportSiemFailing: gauge('sallyport_audit_destinations_failing', 20, 1, 0),
  SallyportSiemBehind: gauge('sallyport_audit_destinations_behind_records', 30, 20_000, 500),
  SallyportPasswordUnknown: gauge('sallyport_operations{state="unknown"}', 30, 1, 0),
  SallyportChangesWaiting: gauge('sallyport_operations{state="scheduled"}', 60, 2_000, 100),
  SallyportChangesUnproved: { minutes: 1_500, step: 30, bad: [policies(10)], good: [policies(2)] },
  SallyportKeyNearItsEnd: gauge('sallyport_key_uses_ratio', 20, 0.96, 0.9),
  SallyportRecorderBehind: gauge('sallyport_recorder_backlog_bytes', 5, 9e6, 3e5),
  SallyportSessionsRefused: {
    minutes: 20,
    bad: [{ ...calls(release, 'ok', '0+1x60'), ...calls(release, 'unavailable', '0+1x60') }],
    good: [
      { ...calls(release, 'ok', '0+9x60'), ...calls(release, 'unavailable', '0+1x60') },
      { ...calls(release, 'ok', '0+1x60'), ...calls(release, 'permission_denied', '0+9x60') },
    ],
  },
  SallyportSyntheticUserFailing: {
    minutes: 20,
    bad: [runs('0+0x40', '_x8 1+1x40', '300x40'), runs('_x40', '1+1x40', '0x40')],
    good: [
      runs('1+1x40', '_x40', '0+60x40'),
      runs('1+1x40', '1+1x40', '0+60x40'),
      runs('1+1x40', '1x40', '0+60x40'),
    ],
  },
  SallyportSyntheticUserGone: {
    minutes: 30,
    bad: [runs('5x40', '_x40', '300x40'), runs('1+1x10', '_x40', '0+60x10')],
    good: [runs('1+1x40', '_x40', '0+60x40'), runs('_x40', '1+1x40', '0x40'), allUp],
  },
}
