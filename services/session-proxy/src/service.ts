import { auditRefusals } from '@sallyport/audit-events/refusal'
import { openFileKeyProvider } from '@sallyport/crypto/file-key-provider'
import { openDatabaseClock } from '@sallyport/database/database-clock'
import { probeDatabase } from '@sallyport/database/pool'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { createEgress } from '@sallyport/egress/egress'
import type { EventDriver } from '@sallyport/events/driver'
import { observeEvents } from '@sallyport/events/event-metrics'
import { openEventLog } from '@sallyport/events/open-event-log'
import { relayOutbox } from '@sallyport/events/relay'
import { openChannel, type RpcChannel } from '@sallyport/rpc/channel'
import { serveRpc } from '@sallyport/rpc/server'
import { renewTls } from '@sallyport/rpc/tls-renewal'
import { serveHealth } from '@sallyport/telemetry/health'
import { createLogger, type Logger } from '@sallyport/telemetry/logger'
import { openMeter } from '@sallyport/telemetry/metrics'
import { openTracing } from '@sallyport/telemetry/tracing'
import { connectPeers } from './clients/peers.ts'
import { connectUpstreams, type Upstreams } from './clients/upstreams.ts'
import type { SessionProxyConfig } from './config.ts'
import { loadHostKey } from './protocols/ssh/host-key.ts'
import { checkNativeAddon } from './protocols/ssh/native-addon.ts'
import { startRekeying } from './protocols/ssh/rekeying.ts'
import { startSshServer } from './protocols/ssh/server.ts'
import { directoryStore } from './recording/directory-store.ts'
import { bindings } from './rpc/index.ts'
import { drainSessions } from './sessions/drain.ts'
import { endAbandoned } from './sessions/end-abandoned.ts'
import { grantConfirmer, watchWindows } from './sessions/enforcement.ts'
import { type LiveSessions, liveSessions } from './sessions/live-sessions.ts'
import { enterPresence } from './sessions/presence.ts'
import { watchRevocations } from './sessions/revocation-watch.ts'
import { obeyTerminations } from './sessions/termination.ts'
import { startTicker } from './sessions/ticker.ts'
import { openDatabase } from './store/database.ts'
import { trailWatch } from './sessions/trail-watch.ts'
import { postgresLedger } from './store/postgres-ledger.ts'
import { probeTrail } from './store/probe-trail.ts'
import { findLive } from './store/session-rows.ts'

export type RunningSessionProxy = AsyncDisposable & {
  readonly address: string
  /** `host:port` of the SSH door. */
  readonly sshAddress: string
}

export type SessionProxyOverrides = {
  readonly upstreams?: Upstreams
  /** Shared by several services in one process; the caller closes it. */
  readonly driver?: EventDriver
  readonly clock?: { readonly now: () => Date }
  readonly log?: Logger
}

/** Starts the session proxy: the gRPC server for what is shown and cut, and the door for SSH. */
export const startSessionProxy = async (
  config: SessionProxyConfig,
  overrides: SessionProxyOverrides = {},
): Promise<RunningSessionProxy> => {
  const log = overrides.log ?? createLogger('session-proxy', config.logLevel)
  const { instance } = config
  checkNativeAddon({ required: config.requireNativeAddon, log })
  const recordingKeys = await openFileKeyProvider(config.recordingKeyFile)
  const recordings = directoryStore(config.recordingDirectory)
  const hostKey = await loadHostKey(config.sshHostKeyFile)

  await using opened = new AsyncDisposableStack()
  const database = opened.use(
    await openDatabase({
      appUrl: config.databaseUrl,
      workerUrl: config.workerDatabaseUrl,
      onError: err => log.warn({ err }, 'An idle database connection was lost'),
    }),
  )
  const clock = overrides.clock ?? opened.use(await openDatabaseClock({ pool: database.workerPool, log }))
  const driver =
    overrides.driver ?? opened.use(openEventLog(config.eventLog, { service: 'session-proxy', log }))
  const meter = opened.use(openMeter(err => log.warn({ err }, 'A metric could not be read')))
  const tracing = opened.use(
    await openTracing({ service: 'session-proxy', config: config.tracing, meter, log }),
  )
  const stopping = new AbortController()
  const relay = { pool: database.workerPool, driver, source: 'sallyport/session-proxy', log, tracing }
  const relaying = relayOutbox({ ...relay, signal: stopping.signal })
  opened.defer(async () => {
    stopping.abort()
    await relaying
  })
  const tls = opened.use(renewTls(config.tls, { log }))
  const connect = (service: 'access-control' | 'vault', address: string): RpcChannel =>
    opened.use(openChannel({ service, address, tls }))
  const upstreams =
    overrides.upstreams ??
    connectUpstreams(
      connect('access-control', config.accessControlAddress),
      connect('vault', config.vaultAddress),
    )

  const ledger = postgresLedger({ database, instance })
  const left = await database.asWorker(sql => findLive(sql, instance))
  await endAbandoned({ database, ledger, recordings, clock }, left)
  if (left.length > 0) log.warn({ sessions: left.length }, 'Sessions that a crash had cut were ended')
  const steadyNow = (): number => performance.now()
  const sessions = liveSessions()
  observeEvents(meter, database.workerPool)
  meter.gauge('sallyport_sessions', () => sessions.size)
  meter.gauge('sallyport_recorder_backlog_bytes', () => backlogOf(sessions))
  const watch = opened.use(
    watchRevocations({
      revocations: upstreams.revocations,
      steadyNow,
      log,
      onRevoked: (grantId, reason) => sessions.endByGrant(grantId, { reason: 'revoked', detail: reason }),
    }),
  )
  const rpc = opened.use(
    await serveRpc({
      meter,
      tracing,
      service: 'session-proxy',
      host: config.host,
      port: config.port,
      tls,
      keys: upstreams.keys,
      clock,
      log,
      bindings: bindings({
        database,
        sessions,
        peers: connectPeers({ database, tls }),
        recordings,
        recordingKeys,
      }),
      ...auditRefusals({
        service: 'session-proxy',
        inTenant: database.sqlInTenant,
        operatorTenant: upstreams.operatorTenant,
      }),
    }),
  )
  const presence = opened.use(
    await enterPresence({
      database,
      ledger,
      recordings,
      clock,
      sessions,
      instance,
      address: addressOf(config.instanceHost, rpc.address),
      steadyNow,
      log,
    }),
  )
  const { revocations } = upstreams
  const jobs = [
    presence.keep,
    presence.tidy,
    async () => watchWindows(sessions, clock.now()),
    grantConfirmer({ sessions, watch, revocations, steadyNow, log }),
    () => obeyTerminations({ database, sessions, instance }),
    trailWatch({ sessions, probe: probeTrail(database), steadyNow, log }),
  ]
  opened.use(startTicker({ sessions, jobs, log }))
  const door = opened.use(
    await startSshServer(
      {
        ...upstreams,
        ledger,
        watch,
        recordings,
        recordingKeys,
        sessions,
        clock,
        log,
        tracing,
        newId: uuidV7,
        egress: createEgress(config.egress),
        maxChannelsPerConnection: config.maxChannelsPerConnection,
        rekeying: opened.use(startRekeying(config.sshRekey)),
      },
      { host: config.sshHost, port: config.sshPort, hostKey, limits: config.sshLimits },
    ),
  )
  if (config.health) {
    opened.use(
      await serveHealth({
        ...config.health,
        meter,
        needs: {
          database: () => probeDatabase(database.workerPool),
          recordings: recordings.probe,
          'open door': sessions.isOpen,
        },
        // Without it each session is asked about, and the door says why it lets nobody in.
        uses: { 'stream of revocations': watch.isHealthy, 'event log': () => driver.probe() },
        log,
      }),
    )
  }
  // Before connections are cut: people are told, recordings are sealed, ends are written down.
  opened.defer(() => {
    door.stopAccepting()
    return drainSessions(sessions, config.drainSeconds * 1_000)
  })
  const owned = opened.move()
  return {
    address: rpc.address,
    sshAddress: door.address,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const backlogOf = (sessions: LiveSessions): number => {
  let bytes = 0
  for (const { recorder } of sessions.all()) bytes += recorder.backlog
  return bytes
}

/** Where the others reach what listens here. */
const addressOf = (host: string | undefined, listens: string): string => {
  if (host === undefined) return listens
  const port = listens.slice(listens.lastIndexOf(':') + 1)
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
