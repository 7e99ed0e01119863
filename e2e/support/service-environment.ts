import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ServiceName, serviceNames } from '@sallyport/identity/services'
import type { SchemaName } from '@sallyport/maintenance/schemas'
import { freePort } from '@sallyport/postgres/free-port'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import type { DataDirectory } from '@sallyport/standalone/data-directory'
import type { StandaloneDatabase } from '@sallyport/standalone/database'
import type { KeyFiles } from '@sallyport/standalone/keys'

export type Environment = Readonly<Record<string, string>>

type Installation = {
  readonly data: DataDirectory
  readonly keys: KeyFiles
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

/** Of each replica. */
export const choosePorts = async (replicas: number): Promise<readonly Ports[]> => {
  const chosen: Ports[] = []
  for (let replica = 0; replica < replicas; replica += 1) chosen.push(await portsOfReplica())
  return chosen
}

const portsOfReplica = async (): Promise<Ports> => ({
  services: await portForEach(),
  health: await portForEach(),
  ssh: await freePort(),
})

const portForEach = async (): Promise<Record<ServiceName, number>> => {
  const entries: [ServiceName, number][] = []
  for (const name of serviceNames) entries.push([name, await freePort()])
  // One entry for each service was made.
  return Object.fromEntries(entries) as Record<ServiceName, number>
}

/**
 * The environment of each service as a process of its own: what an operator would write; for each replica.
 * @param apiUrl at which people reach the gateways
 */
export const environmentsOf = async (
  installation: Installation,
  ports: readonly Ports[],
  apiUrl: string,
): Promise<readonly Readonly<Record<ServiceName, Environment>>[]> => {
  const { data } = installation
  const tls = await writeCertificates(data)
  for (const directory of ['recordings', 'checkpoints'])
    await mkdir(data.path(directory), { recursive: true, mode: 0o700 })
  const addressesOf = (name: ServiceName): string =>
    // As the name of a headless service would be resolved.
    `ipv4:${ports.map(({ services }) => `127.0.0.1:${services[name]}`).join(',')}`
  const addresses = Object.fromEntries(
    serviceNames.map(name => [`SALLYPORT_${screaming(name)}_ADDRESS`, addressesOf(name)]),
  )
  const shared = { ...installation, tls, addresses, apiUrl }
  return ports.map((own, replica) => environmentsOfReplica(shared, own, `replica-${replica}`))
}

type Shared = Installation & {
  readonly tls: Readonly<Record<ServiceName, Environment>>
  readonly addresses: Environment
  readonly apiUrl: string
}

const environmentsOfReplica = (
  { data, keys, database, broker, tls, addresses, apiUrl }: Shared,
  ports: Ports,
  instance: string,
): Readonly<Record<ServiceName, Environment>> => {
  const eventLog: Environment = broker
    ? onKafka(broker)
    : { SALLYPORT_EVENT_LOG_URL: database.url('event_log', 'app') }
  const common = (name: ServiceName): Environment => ({
    NODE_ENV: 'test',
    // To read everything anew would take most of a start.
    NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/compiled-code'),
    SALLYPORT_LOG_LEVEL: 'error',
    ...eventLog,
    [`SALLYPORT_${screaming(name)}_PORT`]: `${ports.services[name]}`,
    SALLYPORT_HEALTH_PORT: `${ports.health[name]}`,
    ...addresses,
    ...tls[name],
  })
  const stored = (schema: SchemaName): Environment => ({
    [`SALLYPORT_${schema.toUpperCase()}_DATABASE_URL`]: database.url(schema, 'app'),
    [`SALLYPORT_${schema.toUpperCase()}_WORKER_DATABASE_URL`]: database.url(schema, 'worker'),
  })
  return {
    'access-control': {
      ...common('access-control'),
      ...stored('access_control'),
      SALLYPORT_ACCESS_CONTROL_KEY_RING_FILE: keys.accessControl,
    },
    vault: { ...common('vault'), ...stored('vault'), SALLYPORT_VAULT_ROOT_KEY_FILE: keys.vault },
    execution: {
      ...common('execution'),
      ...stored('execution'),
      SALLYPORT_TARGETS_ON_LOOPBACK: 'true',
    },
    'session-proxy': {
      ...common('session-proxy'),
      ...stored('session_proxy'),
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
      ...stored('audit'),
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

const writeCertificates = async (
  data: DataDirectory,
): Promise<Readonly<Record<ServiceName, Environment>>> => {
  const authority = await createServiceAuthority()
  await mkdir(data.path('tls'), { recursive: true, mode: 0o700 })
  const entries = serviceNames.map(async name => {
    const { certificate, privateKey, authority: trusted } = await authority.issue(name)
    const write = async (part: string, pem: Buffer): Promise<string> => {
      const path = data.path('tls', `${name}-${part}.pem`)
      await writeFile(path, pem, { mode: 0o600 })
      return path
    }
    const environment: Environment = {
      SALLYPORT_TLS_CERTIFICATE_FILE: await write('certificate', certificate),
      SALLYPORT_TLS_KEY_FILE: await write('key', privateKey),
      SALLYPORT_TLS_AUTHORITY_FILE: await write('authority', trusted),
    }
    return [name, environment] as const
  })
  // One entry for each service was made.
  return Object.fromEntries(await Promise.all(entries)) as Record<ServiceName, Environment>
}
