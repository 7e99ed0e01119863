import { auditRefusals } from '@sallyport/audit-events/refusal'
import { openFileKeyProvider } from '@sallyport/crypto/file-key-provider'
import { openDatabaseClock } from '@sallyport/database/database-clock'
import { openPool, type Pool, probeDatabase } from '@sallyport/database/pool'
import { prismaAdapter, readied } from '@sallyport/database/prisma'
import { sqlOf } from '@sallyport/database/sql'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { consume } from '@sallyport/events/consumer'
import { observeEvents, timed } from '@sallyport/events/event-metrics'
import type { EventDriver } from '@sallyport/events/driver'
import { openEventLog } from '@sallyport/events/open-event-log'
import { relayOutbox } from '@sallyport/events/relay'
import { createKeyFinder } from '@sallyport/identity/verification-keys'
import { openChannel } from '@sallyport/rpc/channel'
import { serveRpc } from '@sallyport/rpc/server'
import { renewTls } from '@sallyport/rpc/tls-renewal'
import { serveHealth } from '@sallyport/telemetry/health'
import { createLogger, type Logger } from '@sallyport/telemetry/logger'
import { openMeter } from '@sallyport/telemetry/metrics'
import { openTracing } from '@sallyport/telemetry/tracing'
import { runEvery } from './background/run-every.ts'
import { sweep } from './background/sweep.ts'
import { bootstrapOperatorTenant, type FirstAdministrator } from './bootstrap.ts'
import { connectTargets, type TargetSource } from './clients/vault.ts'
import type { AccessControlConfig } from './config.ts'
import type { Deps } from './deps.ts'
import type { Clock } from './domain/clock.ts'
import { targetsChanged } from './events/targets-changed.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { openNotifications } from './grants/notify.ts'
import { createSigningKeys, ensureSigningKeys } from './keys/signing-keys.ts'
import { createPasswordHasher, type PasswordHasher } from './login/password-hash.ts'
import { createTotpVault } from './login/sealed-totp.ts'
import { auditDenials } from './rpc/audit-denials.ts'
import { bindings } from './rpc/index.ts'
import { createPolicies } from './store/policies.ts'
import { forgetCounts } from './store/shared-counts.ts'
import { createStore, type Tx } from './store/store.ts'
import { findOperatorTenant } from './store/tenants.ts'

export type RunningService = AsyncDisposable & {
  readonly address: string
  /** Creates the operator's tenant, once; see `bootstrapOperatorTenant`. */
  readonly bootstrap: () => Promise<FirstAdministrator | undefined>
}

export type AccessControlOverrides = {
  /** Shared by several services in one process; the caller closes it. */
  readonly driver?: EventDriver
  readonly targets?: TargetSource
  readonly clock?: Clock
  readonly hasher?: PasswordHasher
  readonly log?: Logger
}

const sweepMs = 250
const minuteMs = 60_000

/** Starts the policy decision point: who one is, what one may do, and what was granted. */
export const startAccessControl = async (
  config: AccessControlConfig,
  overrides: AccessControlOverrides = {},
): Promise<RunningService> => {
  const log = overrides.log ?? createLogger('access-control', config.logLevel)
  const root = await openFileKeyProvider(config.keyRingFile)
  const stopping = new AbortController()
  const { signal } = stopping

  await using opened = new AsyncDisposableStack()
  const pool = opened.use(open(config.databaseUrl, 'access-control', log))
  const workerPool = opened.use(open(config.workerDatabaseUrl, 'access-control worker', log))
  const meter = opened.use(openMeter(err => log.warn({ err }, 'A metric could not be read')))
  const tracing = opened.use(
    await openTracing({ service: 'access-control', config: config.tracing, meter, log }),
  )
  observeEvents(meter, workerPool)
  const clock = overrides.clock ?? opened.use(await openDatabaseClock({ pool: workerPool, log }))
  const prisma = await readied(
    new PrismaClient({
      adapter: prismaAdapter(pool, 'access_control'),
      // Longer messages show arguments, and arguments are not for the log.
      errorFormat: 'minimal',
    }),
  )
  opened.defer(() => prisma.$disconnect())
  const store = createStore(prisma, pool)
  const driver =
    overrides.driver ?? opened.use(openEventLog(config.eventLog, { service: 'access-control', log }))
  const tls = opened.use(renewTls(config.tls, { log }))
  const vault = opened.use(openChannel({ service: 'vault', address: config.vaultAddress, tls }))
  const keys = createSigningKeys({ store, root, clock })
  const deps: Deps = {
    store,
    policies: createPolicies(),
    meter,
    workerPool,
    stopping: signal,
    clock,
    root,
    keys,
    hasher: overrides.hasher ?? (await createPasswordHasher()),
    totpVault: createTotpVault(root),
    sourceTries: config.loginTriesPerSource,
    targets: overrides.targets ?? connectTargets(vault),
    notifications: opened.use(await openNotifications(config.workerDatabaseUrl, log)),
  }
  await ensureSigningKeys({ store, root, clock })

  const working = [
    consume<Tx>({
      driver: timed(driver, meter),
      group: 'access-control',
      topics: ['sallyport.vault.v1'],
      handlers: { TargetsChanged: targetsChanged(clock) },
      withTransaction: store.inTenant,
      sqlOf,
      workerPool,
      log,
      tracing,
      signal,
    }),
    relayOutbox({ pool: workerPool, driver, source: 'sallyport/access-control', log, tracing, signal }),
    runEvery(sweepMs, () => sweep(deps), { log, signal }),
    runEvery(minuteMs, () => forgetCounts(workerPool, Math.floor(clock.now().getTime() / minuteMs)), {
      log,
      signal,
    }),
  ]
  opened.defer(async () => {
    stopping.abort()
    await Promise.all(working)
  })
  const refusals = auditRefusals({
    service: 'access-control',
    inTenant: (tenantId, work) => pgTenantTransaction(pool, tenantId, work),
    operatorTenant: () => findOperatorTenant(store),
  })
  const server = opened.use(
    await serveRpc({
      meter,
      tracing,
      service: 'access-control',
      host: config.host,
      port: config.port,
      tls,
      keys: createKeyFinder({
        fetch: async () => ({
          callerTokenKeys: await keys.publicKeys('caller-token'),
          grantKeys: await keys.publicKeys('grant'),
        }),
        now: () => performance.now(),
      }),
      clock,
      log,
      bindings: bindings(deps).map(binding => auditDenials(binding, refusals.onRefused)),
      ...refusals,
    }),
  )
  // Streams end first: the server waits for the calls that are under way.
  opened.defer(() => stopping.abort())
  if (config.health) {
    opened.use(
      await serveHealth({
        ...config.health,
        meter,
        needs: { database: () => probeDatabase(workerPool) },
        uses: { 'event log': () => driver.probe() },
        log,
      }),
    )
  }
  const owned = opened.move()
  return {
    address: server.address,
    bootstrap: () => bootstrapOperatorTenant(deps),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const open = (url: string, applicationName: string, log: Logger): Pool =>
  openPool({
    url,
    applicationName,
    onError: err => log.warn({ err }, 'An idle database connection was lost'),
  })
