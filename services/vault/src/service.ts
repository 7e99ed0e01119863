import { randomBytes } from 'node:crypto'
import { auditRefusals } from '@sallyport/audit-events/refusal'
import { openFileKeyProvider } from '@sallyport/crypto/file-key-provider'
import type { RootKeyProvider, RootKeyRotator } from '@sallyport/crypto/key-provider'
import { openDatabaseClock } from '@sallyport/database/database-clock'
import { probeDatabase } from '@sallyport/database/pool'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import type { EventDriver } from '@sallyport/events/driver'
import { observeEvents, timed } from '@sallyport/events/event-metrics'
import { openEventLog } from '@sallyport/events/open-event-log'
import { createKeyFinder } from '@sallyport/identity/verification-keys'
import { openChannel } from '@sallyport/rpc/channel'
import { operatorTenant } from '@sallyport/rpc/operator-tenant'
import { serveRpc } from '@sallyport/rpc/server'
import { renewTls } from '@sallyport/rpc/tls-renewal'
import { serveHealth } from '@sallyport/telemetry/health'
import { createLogger, type Logger } from '@sallyport/telemetry/logger'
import { openMeter } from '@sallyport/telemetry/metrics'
import { openTracing } from '@sallyport/telemetry/tracing'
import { startBackground } from './background/start-background.ts'
import { type AccessControl, connectAccessControl } from './clients/access-control.ts'
import type { VaultConfig } from './config.ts'
import { createConfirmGrant } from './revocation/confirm-grant.ts'
import { endGrant } from './revocation/end-grant.ts'
import { createRevocationFeed } from './revocation/revocation-feed.ts'
import { bindings } from './rpc/index.ts'
import { proveRootKeys } from './sealing/prove-root-keys.ts'
import { createTenantKeys } from './sealing/tenant-keys.ts'
import { openDatabase } from './store/database.ts'
import { keyUsesRatio } from './store/key-uses.ts'

export type RunningService = AsyncDisposable & { readonly address: string }

/** What tests replace. */
export type VaultOverrides = {
  readonly accessControl?: AccessControl
  /** Shared by several services in one process; the caller closes it. */
  readonly driver?: EventDriver
  readonly rootKeys?: RootKeyProvider & RootKeyRotator
  readonly now?: () => Date
  readonly log?: Logger
  /** Values that one transaction of a key rotation rewraps. */
  readonly rewrapBatch?: number
}

/**
 * Starts the vault. Without its root keys it serves nothing: throws `root_key.unavailable` if they cannot be read, and
 * `root_key.wrong` if they are not the ones of this database.
 */
export const startVault = async (
  config: VaultConfig,
  overrides: VaultOverrides = {},
): Promise<RunningService> => {
  const { log = createLogger('vault', config.logLevel), rewrapBatch = 500 } = overrides
  await using stack = new AsyncDisposableStack()

  const rootKeys = overrides.rootKeys ?? (await openFileKeyProvider(config.rootKeyFile))
  const database = stack.use(
    await openDatabase({
      appUrl: config.databaseUrl,
      workerUrl: config.workerDatabaseUrl,
      onError: err => log.warn({ err }, 'A database connection was lost'),
    }),
  )
  await proveRootKeys(database, rootKeys)
  const pool = database.workerPool
  const meter = stack.use(openMeter(err => log.warn({ err }, 'A metric could not be read')))
  const tracing = stack.use(await openTracing({ service: 'vault', config: config.tracing, meter, log }))
  observeEvents(meter, pool)
  meter.gauge('sallyport_key_uses_ratio', () => keyUsesRatio(pool))
  const now = overrides.now ?? stack.use(await openDatabaseClock({ pool, log })).now
  const newId = (): string => uuidV7(now())
  const tenantKeys = createTenantKeys({ database, provider: rootKeys, newId, now })
  const driver = overrides.driver ?? stack.use(openEventLog(config.eventLog, { service: 'vault', log }))
  const tls = stack.use(renewTls(config.tls, { log }))
  const channel = stack.use(
    openChannel({ service: 'access-control', address: config.accessControlAddress, tls }),
  )
  const accessControl = overrides.accessControl ?? connectAccessControl(channel)
  const monotonic = (): number => performance.now()
  const keys = createKeyFinder({ fetch: accessControl.verificationKeys, now: monotonic })
  const feed = createRevocationFeed({
    accessControl,
    onRevoked: revoked =>
      database.sqlInTenant(revoked.tenantId, sql => endGrant(sql, revoked, 'revoked', now())),
    monotonic,
    log,
  })
  stack.use(
    startBackground({
      database,
      driver: timed(driver, meter),
      tracing,
      feed,
      tenantKeys,
      rootKeys,
      rewrapBatch,
      newId,
      now,
      log,
    }),
  )

  const rpc = bindings({
    database,
    tenantKeys,
    rootKeys,
    grantKeys: keys,
    confirmGrant: createConfirmGrant({ feed, accessControl }),
    newId,
    newToken: () => randomBytes(32).toString('base64url'),
    ticketSeconds: config.ticketSeconds,
    showSeconds: config.showSeconds,
    now,
  })
  const server = stack.use(
    await serveRpc({
      meter,
      tracing,
      service: 'vault',
      host: config.host,
      port: config.port,
      tls,
      keys,
      clock: { now },
      log,
      bindings: rpc,
      ...auditRefusals({
        service: 'vault',
        inTenant: database.sqlInTenant,
        operatorTenant: operatorTenant(channel),
      }),
    }),
  )
  if (config.health) {
    stack.use(
      await serveHealth({
        ...config.health,
        meter,
        needs: {
          database: () => probeDatabase(pool),
          'root keys': () => proveRootKeys(database, rootKeys),
        },
        uses: { 'stream of revocations': feed.isHealthy, 'event log': () => driver.probe() },
        log,
      }),
    )
  }
  const running = stack.move()
  return { address: server.address, [Symbol.asyncDispose]: () => running.disposeAsync() }
}
