import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ServiceName, serviceNames } from '@sallyport/identity/services'
import type { SchemaName } from '@sallyport/maintenance/schemas'
import type { DataDirectory } from '@sallyport/standalone/data-directory'
import type { StandaloneDatabase } from '@sallyport/standalone/database'
import type { KeyFiles } from '@sallyport/standalone/keys'
import { quietPorts } from '@sallyport/testing/quiet-ports'

export type Environment = Readonly<Record<string, string>>

type Installation = {
  readonly data: DataDirectory
  readonly keys: KeyFiles
  readonly tls: Readonly<Record<ServiceName, Environment>>
  readonly database: Pick<StandaloneDatabase, 'url'>
  /** Kafka’s, in clear; without it events travel through PostgreSQL. */
  readonly broker?: string | undefined
}

/** Where everything listens; the same after a restart. */
export type Ports = {
  readonly services: Readonly<Record<ServiceName, number>>
  readonly health: Readonly<Record<ServiceName, number>>
  readonly ssh: number
}

/** Of each replica: ports that are still theirs after a while in which they were down. */
export const choosePorts = async (replicas: number): Promise<readonly Ports[]> => {
  const free = await quietPorts(replicas * (serviceNames.length * 2 + 1))
  const next = (): number => free.pop() ?? 0
  return Array.from({ length: replicas }, () => ({
    services: portForEach(next),
    health: portForEach(next),
    ssh: next(),
  }))
}

const portForEach = (next: () => number): Record<ServiceName, number> =>
  // One entry for each service is made.
  Object.fromEntries(serviceNames.map(name => [name, next()])) as Record<ServiceName, number>

/** The port of loopback at which a service reaches another or the database, of which it knows the port. */
export type Links = (caller: ServiceName, callee: ServiceName | 'postgres', port: number) => Promise<number>

/**
 * The environment of each service as a process of its own: what an operator would write; for each replica.
 * @param apiUrl at which people reach the gateways
 */
export const environmentsOf = async (
  installation: Installation,
  ports: readonly Ports[],
  apiUrl: string,
  links: Links = async (_caller, _callee, port) => port,
): Promise<readonly Readonly<Record<ServiceName, Environment>>[]> => {
  const { data } = installation
  for (const directory of ['recordings', 'checkpoints'])
    await mkdir(data.path(directory), { recursive: true, mode: 0o700 })
  // As the name of a headless service would be resolved.
  const addressOf = async (caller: ServiceName, callee: ServiceName): Promise<string> => {
    const reached = await Promise.all(ports.map(({ services }) => links(caller, callee, services[callee])))
    return `ipv4:${reached.map(port => `127.0.0.1:${port}`).join(',')}`
  }
  const addressesOf = async (caller: ServiceName): Promise<Environment> => {
    const entries = serviceNames.map(
      async callee => [`SALLYPORT_${screaming(callee)}_ADDRESS`, await addressOf(caller, callee)] as const,
    )
    return Object.fromEntries(await Promise.all(entries))
  }
  const addresses = await forEachService(addressesOf)
  const shared = { ...installation, addresses, databases: await databasesOf(installation, links), apiUrl }
  return ports.map((own, replica) => environmentsOfReplica(shared, own, `replica-${replica}`))
}

type DatabaseUrl = StandaloneDatabase['url']

/** How each service finds its database. */
const databasesOf = (
  { database }: Installation,
  links: Links,
): Promise<Readonly<Record<ServiceName, DatabaseUrl>>> => {
  const { port } = new URL(database.url('vault', 'app'))
  return forEachService(async caller => {
    const reached = await links(caller, 'postgres', Number(port))
    return (schema, kind) => Object.assign(new URL(database.url(schema, kind)), { port: reached }).href
  })
}

export const forEachService = async <T>(
  make: (name: ServiceName) => Promise<T>,
): Promise<Readonly<Record<ServiceName, T>>> => {
  const entries = await Promise.all(serviceNames.map(async name => [name, await make(name)] as const))
  // One entry for each service was made.
  return Object.fromEntries(entries) as Record<ServiceName, T>
}

type Shared = Installation & {
  readonly databases: Readonly<Record<ServiceName, DatabaseUrl>>
  readonly addresses: Readonly<Record<ServiceName, Environment>>
  readonly apiUrl: string
}

const environmentsOfReplica = (
  { data, keys, databases, broker, tls, addresses, apiUrl }: Shared,
  ports: Ports,
  instance: string,
): Readonly<Record<ServiceName, Environment>> => {
  const eventLog = (name: ServiceName): Environment =>
    broker ? onKafka(broker) : { SALLYPORT_EVENT_LOG_URL: databases[name]('event_log', 'app') }
  const common = (name: ServiceName): Environment => ({
    NODE_ENV: 'test',
    // To read everything anew would take most of a start.
    NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/compiled-code'),
    SALLYPORT_LOG_LEVEL: 'error',
    ...eventLog(name),
    [`SALLYPORT_${screaming(name)}_PORT`]: `${ports.services[name]}`,
    SALLYPORT_HEALTH_PORT: `${ports.health[name]}`,
    ...addresses[name],
    ...tls[name],
  })
  const stored = (name: ServiceName, schema: SchemaName): Environment => ({
    [`SALLYPORT_${schema.toUpperCase()}_DATABASE_URL`]: databases[name](schema, 'app'),
    [`SALLYPORT_${schema.toUpperCase()}_WORKER_DATABASE_URL`]: databases[name](schema, 'worker'),
  })
  return {
    'access-control': {
      ...common('access-control'),
      ...stored('access-control', 'access_control'),
      SALLYPORT_ACCESS_CONTROL_KEY_RING_FILE: keys.accessControl,
    },
    vault: { ...common('vault'), ...stored('vault', 'vault'), SALLYPORT_VAULT_ROOT_KEY_FILE: keys.vault },
    execution: {
      ...common('execution'),
      ...stored('execution', 'execution'),
      SALLYPORT_TARGETS_ON_LOOPBACK: 'true',
    },
    'session-proxy': {
      ...common('session-proxy'),
      ...stored('session-proxy', 'session_proxy'),
      SALLYPORT_TARGETS_ON_LOOPBACK: 'true',
      SALLYPORT_SSH_PORT: `${ports.ssh}`,
      SALLYPORT_SSH_HOST_KEY_FILE: keys.sshHost,
      SALLYPORT_SSH_REQUIRE_NATIVE_ADDON: 'false',
      SALLYPORT_RECORDING_DIRECTORY: data.path('recordings'),
      SALLYPORT_RECORDING_KEY_FILE: keys.recordings,
      SALLYPORT_INSTANCE: instance,
    },
    audit: {
      ...common('audit'),
      ...stored('audit', 'audit'),
      SALLYPORT_AUDIT_CHAIN_KEY_FILE: keys.auditChain,
      SALLYPORT_AUDIT_CHECKPOINT_DIRECTORY: data.path('checkpoints'),
      SALLYPORT_TARGETS_ON_LOOPBACK: 'true',
    },
    gateway: {
      ...common('gateway'),
      SALLYPORT_GATEWAY_ORIGINS: apiUrl,
      SALLYPORT_GATEWAY_DRAIN_SECONDS: '1',
    },
  }
}

/** For every program that speaks to a broker in clear. */
export const onKafka = (broker: string): Environment => ({
  SALLYPORT_KAFKA_BROKERS: broker,
  SALLYPORT_KAFKA_TLS: 'false',
})

const screaming = (name: string): string => name.toUpperCase().replaceAll('-', '_')
