import { hostname } from 'node:os'
import { auditRefusals } from '@sallyport/audit-events/refusal'
import { GrantServiceService } from '@sallyport/contracts/access_control/v1/access'
import { DeviceServiceService, TargetServiceService } from '@sallyport/contracts/vault/v1/inventory'
import { RotationServiceService } from '@sallyport/contracts/vault/v1/secrets'
import { openDatabaseClock } from '@sallyport/database/database-clock'
import { openPool, type Pool, probeDatabase } from '@sallyport/database/pool'
import { prismaAdapter, readied } from '@sallyport/database/prisma'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import type { EventDriver } from '@sallyport/events/driver'
import { observeEvents, timed } from '@sallyport/events/event-metrics'
import { openEventLog } from '@sallyport/events/open-event-log'
import { relayOutbox } from '@sallyport/events/relay'
import { createEgress } from '@sallyport/egress/egress'
import type { KeyFinder } from '@sallyport/identity/verification-keys'
import { openChannel } from '@sallyport/rpc/channel'
import { connectRpc } from '@sallyport/rpc/client'
import { operatorTenant } from '@sallyport/rpc/operator-tenant'
import { serveRpc } from '@sallyport/rpc/server'
import { atMostEvery } from '@sallyport/telemetry/at-most-every'
import { serveHealth } from '@sallyport/telemetry/health'
import { createLogger, type Logger } from '@sallyport/telemetry/logger'
import { openMeter } from '@sallyport/telemetry/metrics'
import { openTracing } from '@sallyport/telemetry/tracing'
import { accessOf } from './clients/access-control.ts'
import { inventoryOf, rotationVaultOf } from './clients/vault.ts'
import { verificationKeys } from '@sallyport/rpc/verification-keys'
import { renewTls } from '@sallyport/rpc/tls-renewal'
import type { ExecutionConfig } from './config.ts'
import { crashAt } from './crash-at.ts'
import { listen } from './events/consumed.ts'
import { sshExecutor } from './executors/ssh/ssh-executor.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { bindings } from './rpc/index.ts'
import { openOperations } from './store/open-operations.ts'
import { provedPolicies } from './store/proved-policies.ts'
import { postgresJobStore } from './store/postgres-job-store.ts'
import { createStore } from './store/store.ts'
import { templateSources } from './store/templates.ts'
import type { AttemptDeps } from './worker/run-attempt.ts'
import { startWorker } from './worker/worker.ts'

export type RunningService = AsyncDisposable & { readonly address: string }

export type ExecutionOverrides = {
  /** Shared by several services in one process; the caller closes it. */
  readonly driver?: EventDriver
  readonly callerKeys?: KeyFinder
  readonly clock?: { readonly now: () => Date }
  readonly log?: Logger
  /** Parts of the worker: another vault, executor, or a place to crash at. */
  readonly attempt?: Partial<AttemptDeps>
}

/** Starts execution: it answers people, listens for what asks for changes, and changes secrets on targets. */
export const startExecution = async (
  config: ExecutionConfig,
  overrides: ExecutionOverrides = {},
): Promise<RunningService> => {
  const log = overrides.log ?? createLogger('execution', config.logLevel)
  const egress = createEgress(config.egress)
  const stopping = new AbortController()
  const { signal } = stopping

  await using opened = new AsyncDisposableStack()
  const pool = opened.use(open(config.databaseUrl, 'execution', log))
  const worker = opened.use(open(config.workerDatabaseUrl, 'execution worker', log))
  const meter = opened.use(openMeter(err => log.warn({ err }, 'A metric could not be read')))
  const tracing = opened.use(await openTracing({ service: 'execution', config: config.tracing, meter, log }))
  observeEvents(meter, worker)
  meter.gauge('sallyport_operations', () => openOperations(worker))
  const proved = atMostEvery(60_000, () => provedPolicies(worker))
  meter.gauge('sallyport_rotation_policies', proved)
  const clock = overrides.clock ?? opened.use(await openDatabaseClock({ pool: worker, log }))
  const prisma = await readied(new PrismaClient({ adapter: prismaAdapter(pool, 'execution') }))
  opened.defer(() => prisma.$disconnect())
  const driver = overrides.driver ?? opened.use(openEventLog(config.eventLog, { service: 'execution', log }))
  const tls = opened.use(renewTls(config.tls, { log }))
  const accessControl = opened.use(
    openChannel({ service: 'access-control', address: config.accessControlAddress, tls }),
  )
  const vault = opened.use(openChannel({ service: 'vault', address: config.vaultAddress, tls }))

  const store = createStore(prisma)
  const inventory = inventoryOf(
    connectRpc(TargetServiceService, vault),
    connectRpc(DeviceServiceService, vault),
  )
  const attempt: AttemptDeps = {
    access: accessOf(connectRpc(GrantServiceService, accessControl)),
    vault: rotationVaultOf(connectRpc(RotationServiceService, vault)),
    executor: sshExecutor({ egress }),
    jobs: postgresJobStore({ app: pool, worker }),
    templates: templateSources(pool),
    random: Math.random,
    log,
    crashPoint: config.crashAt === undefined ? undefined : crashAt(config.crashAt),
    ...overrides.attempt,
  }

  const working = [
    listen({ pool, workerPool: worker, driver: timed(driver, meter), log, tracing, signal }),
    relayOutbox({ pool: worker, driver, source: 'sallyport/execution', log, tracing, signal }),
  ]
  opened.defer(async () => {
    stopping.abort()
    await Promise.all(working)
  })
  const name = `${hostname()} ${uuidV7()}`
  opened.use(
    startWorker({ ...attempt, tracing, steadyNow: () => performance.now() }, { ...config.worker, name }),
  )
  const server = opened.use(
    await serveRpc({
      meter,
      tracing,
      service: 'execution',
      host: config.host,
      port: config.port,
      tls,
      keys: overrides.callerKeys ?? verificationKeys(accessControl),
      clock,
      log,
      bindings: bindings({ store, inventory, egress, clock }),
      ...auditRefusals({
        service: 'execution',
        inTenant: (tenantId, work) => pgTenantTransaction(pool, tenantId, work),
        operatorTenant: operatorTenant(accessControl),
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
