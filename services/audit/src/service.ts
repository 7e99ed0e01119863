import { auditIntakeTopic } from '@sallyport/audit-events/record'
import { auditRefusals } from '@sallyport/audit-events/refusal'
import { openDatabaseClock } from '@sallyport/database/database-clock'
import { openPool, type Pool, probeDatabase } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { createEgress } from '@sallyport/egress/egress'
import type { EventDriver } from '@sallyport/events/driver'
import { observeEvents, timed } from '@sallyport/events/event-metrics'
import { openEventLog } from '@sallyport/events/open-event-log'
import { relayOutbox } from '@sallyport/events/relay'
import { replayDeadLetters } from '@sallyport/events/replay'
import type { KeyFinder } from '@sallyport/identity/verification-keys'
import { openChannel } from '@sallyport/rpc/channel'
import { operatorTenant } from '@sallyport/rpc/operator-tenant'
import { serveRpc } from '@sallyport/rpc/server'
import { serveHealth } from '@sallyport/telemetry/health'
import { createLogger, type Logger } from '@sallyport/telemetry/logger'
import { openMeter } from '@sallyport/telemetry/metrics'
import { openTracing } from '@sallyport/telemetry/tracing'
import { readChainKey } from './chain-keys.ts'
import { publishKey } from './checkpoints/checkpoint-files.ts'
import { startCheckpointer } from './checkpoints/checkpointer.ts'
import { verificationKeys } from '@sallyport/rpc/verification-keys'
import { renewTls } from '@sallyport/rpc/tls-renewal'
import type { AuditConfig } from './config.ts'
import { ingest, ingestGroup, recordAgain, traced } from './events/ingest.ts'
import { trailTopicOnDemand } from './events/topics.ts'
import { forwardTrails } from './forwarding/forwarder.ts'
import { bindings } from './rpc/index.ts'
import { observeTrails } from './store/trail-numbers.ts'

export type RunningService = AsyncDisposable & { readonly address: string }

export type AuditOverrides = {
  /** Shared by several services in one process; the caller closes it. */
  readonly driver?: EventDriver
  readonly callerKeys?: KeyFinder
  readonly clock?: { readonly now: () => Date }
  readonly log?: Logger
}

/** Starts the audit service: it records what others say, and answers from what it recorded. */
export const startAudit = async (
  config: AuditConfig,
  overrides: AuditOverrides = {},
): Promise<RunningService> => {
  const log = overrides.log ?? createLogger('audit', config.logLevel)
  const keys = await readChainKey(config.chainKeyFile)
  const { checkpointDirectory } = config
  await publishKey(checkpointDirectory, keys.publicKey)
  const stopping = new AbortController()
  const { signal } = stopping

  await using opened = new AsyncDisposableStack()
  const pool = opened.use(open(config.databaseUrl, 'audit', log))
  const worker = opened.use(open(config.workerDatabaseUrl, 'audit worker', log))
  const meter = opened.use(openMeter(err => log.warn({ err }, 'A metric could not be read')))
  const tracing = opened.use(await openTracing({ service: 'audit', config: config.tracing, meter, log }))
  observeEvents(meter, worker)
  observeTrails(meter, worker)
  const clock = overrides.clock ?? opened.use(await openDatabaseClock({ pool: worker, log }))
  const driver =
    overrides.driver ??
    opened.use(openEventLog(config.eventLog, { service: 'audit', log, topicOnDemand: trailTopicOnDemand }))
  const tls = opened.use(renewTls(config.tls, { log }))
  const channel = opened.use(
    openChannel({ service: 'access-control', address: config.accessControlAddress, tls }),
  )
  const checkpointer = opened.use(
    startCheckpointer({ app: pool, worker, keys, directory: checkpointDirectory, clock, log }),
  )
  const ingesting = { pool, keys, clock, log, onGrown: checkpointer.grown }
  const handle = traced(tracing, ingest(ingesting))
  const working = [
    timed(driver, meter).subscribe({ group: ingestGroup, topics: [auditIntakeTopic], handle, signal }),
    replayDeadLetters({ pool: worker, group: ingestGroup, apply: recordAgain(ingesting), log, signal }),
    relayOutbox({ pool: worker, driver, source: 'sallyport/audit', log, tracing, signal }),
    forwardTrails({ app: pool, worker, egress: createEgress(config.egress), clock, log, signal }),
  ]
  opened.defer(async () => {
    stopping.abort()
    await Promise.all(working)
  })
  const server = opened.use(
    await serveRpc({
      meter,
      tracing,
      service: 'audit',
      host: config.host,
      port: config.port,
      tls,
      keys: overrides.callerKeys ?? verificationKeys(channel),
      clock,
      log,
      bindings: bindings({ pool, keys, checkpointDirectory, clock }),
      ...auditRefusals({
        service: 'audit',
        inTenant: (tenantId, work) => pgTenantTransaction(pool, tenantId, work),
        operatorTenant: operatorTenant(channel),
      }),
    }),
  )
  if (config.health) {
    opened.use(
      await serveHealth({
        ...config.health,
        meter,
        needs: { database: () => probeDatabase(worker) },
        uses: { 'event log': () => driver.probe() },
        log,
      }),
    )
  }
  const owned = opened.move()
  return { address: server.address, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

const open = (url: string, applicationName: string, log: Logger): Pool =>
  openPool({
    url,
    applicationName,
    onError: err => log.warn({ err }, 'An idle database connection was lost'),
  })
