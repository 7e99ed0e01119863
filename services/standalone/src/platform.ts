import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { startAccessControl } from '@sallyport/access-control/service'
import { startAudit } from '@sallyport/audit/service'
import { laptopRules } from '@sallyport/egress/rules'
import type { EventLogConfig } from '@sallyport/events/event-log-config'
import { openEventLog } from '@sallyport/events/open-event-log'
import { defaultWorker } from '@sallyport/execution/config'
import { startExecution } from '@sallyport/execution/service'
import { gatewayDefaults } from '@sallyport/gateway/config'
import { startGateway } from '@sallyport/gateway/service'
import type { ServiceName } from '@sallyport/identity/services'
import type { SchemaName } from '@sallyport/maintenance/schemas'
import { freePort } from '@sallyport/postgres/free-port'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { defaultSshLimits, defaultSshRekey } from '@sallyport/session-proxy/config'
import { loadHostKey, publicKeyOf } from '@sallyport/session-proxy/protocols/ssh/host-key'
import { startSessionProxy } from '@sallyport/session-proxy/service'
import { createLogger } from '@sallyport/telemetry/logger'
import { vaultDefaults } from '@sallyport/vault/config'
import { startVault } from '@sallyport/vault/service'
import { type DataDirectory, openDataDirectory } from './data-directory.ts'
import { type StandaloneDatabase, startDatabase } from './database.ts'
import { type KeyFiles, prepareKeys } from './keys.ts'
import type { StandaloneOptions } from './options.ts'
import { requireFreePort } from './port-check.ts'
import { requireWhole } from './restore-mark.ts'

/** A whole installation in one process. Disposing it stops everything in order. */
export type Platform = AsyncDisposable & {
  readonly apiUrl: string
  readonly sshHost: string
  readonly sshPort: number
  /** The proxy's host key as in known_hosts, without the host: `ssh-ed25519 AAAA…`. */
  readonly sshHostKey: string
  readonly sshHostKeyFingerprint: string
  /** Only at the first start on a directory. */
  readonly firstAdministrator: { readonly userName: string; readonly initialPassword: string } | undefined
  /** What `audit verify` needs. */
  readonly audit: { readonly databaseUrl: string; readonly keyFile: string; readonly checkpoints: string }
  readonly database: StandaloneDatabase
}

/**
 * Starts every service on loopback, as separate as in a cluster: each with its own database roles, its own keys and its
 * own certificate, talking gRPC over mTLS.
 * @throws UsageError when a port is taken or the directory is in use
 */
export const startPlatform = async (options: StandaloneOptions): Promise<Platform> => {
  await requireFreePort(options.host, options.httpPort, '--http-port')
  await requireFreePort(options.host, options.sshPort, '--ssh-port')
  await requireWhole(options.dataDirectory)
  await using stack = new AsyncDisposableStack()
  const data = stack.use(await openDataDirectory(options.dataDirectory))
  const keys = await prepareKeys(data)
  const database = stack.use(await startDatabase(data))
  const services = stack.use(await startServices(options, data, keys, database))
  using hostKey = await loadHostKey(keys.sshHost)
  const hostKeyBytes = publicKeyOf(hostKey)
  const owned = stack.move()
  return {
    ...services,
    sshHost: options.host,
    sshHostKey: `ssh-ed25519 ${hostKeyBytes.toString('base64')}`,
    sshHostKeyFingerprint: fingerprintOf(hostKeyBytes),
    audit: {
      databaseUrl: database.url('audit', 'worker'),
      keyFile: keys.auditChain,
      checkpoints: data.path('checkpoints'),
    },
    database,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

type Services = AsyncDisposable & Pick<Platform, 'apiUrl' | 'sshPort' | 'firstAdministrator'>

const host = '127.0.0.1'

const startServices = async (
  options: StandaloneOptions,
  data: DataDirectory,
  keys: KeyFiles,
  database: StandaloneDatabase,
): Promise<Services> => {
  const { logLevel } = options
  const tls = await issueCertificates()
  const [accessControlPort, vaultPort] = [await freePort(), await freePort()]
  const accessControlAddress = `${host}:${accessControlPort}`
  const vaultAddress = `${host}:${vaultPort}`
  const eventLog: EventLogConfig = { kind: 'postgres', url: database.url('event_log', 'app') }
  const urls = (schema: SchemaName): { databaseUrl: string; workerDatabaseUrl: string } => ({
    databaseUrl: database.url(schema, 'app'),
    workerDatabaseUrl: database.url(schema, 'worker'),
  })
  await mkdir(data.path('recordings'), { recursive: true, mode: 0o700 })
  await mkdir(data.path('checkpoints'), { recursive: true, mode: 0o700 })

  await using stack = new AsyncDisposableStack()
  const driver = stack.use(
    openEventLog(eventLog, { service: 'standalone', log: createLogger('events', logLevel) }),
  )
  const common = { host, port: 0, eventLog, accessControlAddress, vaultAddress, logLevel }

  const accessControl = stack.use(
    await startAccessControl(
      {
        ...common,
        ...urls('access_control'),
        port: accessControlPort,
        tls: tls['access-control'],
        keyRingFile: keys.accessControl,
        loginTriesPerSource: 20,
      },
      { driver },
    ),
  )
  const first = await accessControl.bootstrap()
  stack.use(
    await startVault(
      {
        ...vaultDefaults,
        ...common,
        port: vaultPort,
        ...urls('vault'),
        tls: tls.vault,
        rootKeyFile: keys.vault,
      },
      { driver },
    ),
  )
  const audit = stack.use(
    await startAudit(
      {
        ...common,
        ...urls('audit'),
        tls: tls.audit,
        chainKeyFile: keys.auditChain,
        checkpointDirectory: data.path('checkpoints'),
        // A laptop's receivers and targets may well be on the laptop.
        egress: laptopRules,
      },
      { driver },
    ),
  )
  const execution = stack.use(
    await startExecution(
      {
        ...common,
        ...urls('execution'),
        tls: tls.execution,
        egress: laptopRules,
        worker: defaultWorker,
      },
      { driver, ...(options.crashPoint && { attempt: { crashPoint: options.crashPoint } }) },
    ),
  )
  const proxy = stack.use(
    await startSessionProxy(
      {
        ...common,
        ...urls('session_proxy'),
        tls: tls['session-proxy'],
        sshHost: options.host,
        sshPort: options.sshPort,
        sshLimits: defaultSshLimits,
        maxChannelsPerConnection: 10,
        drainSeconds: 0,
        sshRekey: defaultSshRekey,
        egress: laptopRules,
        sshHostKeyFile: keys.sshHost,
        recordingDirectory: data.path('recordings'),
        recordingKeyFile: keys.recordings,
        instance: 'standalone',
        // A laptop may have no compiler; then SSH is slower, and says so.
        requireNativeAddon: false,
      },
      { driver },
    ),
  )
  const gateway = stack.use(
    await startGateway({
      ...gatewayDefaults,
      ...(options.limits && { limits: options.limits }),
      host: options.host,
      port: options.httpPort,
      origins: [`http://${options.host}:${options.httpPort}`, `http://localhost:${options.httpPort}`],
      services: {
        addresses: {
          'access-control': accessControlAddress,
          vault: vaultAddress,
          audit: audit.address,
          execution: execution.address,
          'session-proxy': proxy.address,
        },
        tls: tls.gateway,
      },
      logLevel,
    }),
  )
  const owned = stack.move()
  return {
    apiUrl: gateway.address,
    sshPort: Number(proxy.sshAddress.split(':').at(-1)),
    firstAdministrator: first && {
      userName: first.userName,
      initialPassword: first.password.use(bytes => bytes.toString('utf8')),
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const issueCertificates = async (): Promise<Readonly<Record<ServiceName, TlsMaterial>>> => {
  const authority = await createServiceAuthority()
  return {
    gateway: await authority.issue('gateway'),
    'access-control': await authority.issue('access-control'),
    vault: await authority.issue('vault'),
    execution: await authority.issue('execution'),
    'session-proxy': await authority.issue('session-proxy'),
    audit: await authority.issue('audit'),
  }
}

const fingerprintOf = (publicKey: Buffer): string =>
  `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`
