import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServiceName, serviceNames } from '@sallyport/identity/services'
import type { SchemaName } from '@sallyport/maintenance/schemas'
import { loadHostKey, publicKeyOf } from '@sallyport/session-proxy/protocols/ssh/host-key'
import { type DataDirectory, openDataDirectory } from '@sallyport/standalone/data-directory'
import { openDatabase, startDatabase } from '@sallyport/standalone/database'
import { type KeyFiles, prepareKeys } from '@sallyport/standalone/keys'
import type { RoleKind } from '@sallyport/database/roles'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@sallyport/postgres/embedded'
import { eventually } from '@sallyport/testing/eventually'
import { balance } from './balancer.ts'
import { type Certificates, writeCertificates } from './certificates.ts'
import { migrateBy } from './migrate-by.ts'
import { isRunning, processTree } from './process-tree.ts'
import { startProgram } from './program.ts'
import {
  choosePorts,
  type Environment,
  environmentsOf,
  type Links,
  type Ports,
} from './service-environment.ts'
import { type Supervised, supervise } from './supervised.ts'

/** The platform as a cluster has it: a process for each replica of each service, restarted when it dies. */
export type Processes = AsyncDisposable & {
  readonly apiUrl: string
  readonly sshPort: number
  readonly sshHostKey: string
  /** Of the user `admin`. */
  readonly initialPassword: string
  readonly directory: string
  /** The first replica of each. */
  readonly services: Replica
  readonly replicas: readonly Replica[]
  readonly postgres: PostgresOfProcesses
  readonly certificates: Certificates
  /** What `audit verify` needs. */
  readonly audit: { readonly databaseUrl: string; readonly keyFile: string; readonly checkpoints: string }
  /** What the first replica of a service says of itself at its `/readyz`. */
  readonly health: (service: ServiceName) => Promise<Health>
  /** What the replicas of a service tell at their `/metrics`, one after the other. */
  readonly metrics: (service: ServiceName) => Promise<string>
  /** Waits until every service serves. */
  readonly ready: () => Promise<void>
}

/** One process of each service. */
export type Replica = Readonly<Record<ServiceName, Supervised>>

export type Health = { readonly status: string; readonly missing?: readonly string[] }

export type PostgresOfProcesses = {
  readonly adminUrl: () => string
  /** Of its postmaster. */
  readonly pid: () => Promise<number>
  readonly url: (schema: SchemaName, kind: RoleKind) => string
  /** Ends the server and everything of it: SIGKILL as a crash does, SIGQUIT as `-m immediate` does. */
  readonly kill: (signal: 'SIGKILL' | 'SIGQUIT') => Promise<void>
  /** Starts it again on the same directory and port; resolves when it answers. */
  readonly start: () => Promise<void>
}

export type ProcessesOptions = {
  /** How many of each service; one unless given. */
  readonly replicas?: number
  /** More environment for a service. */
  readonly environment?: Partial<Record<ServiceName, Environment>>
  /** Kafka’s, which has the topics; without it events travel through PostgreSQL. */
  readonly broker?: string
  /** Where to keep everything; a temporary directory unless given. */
  readonly directory?: string
  /** The ways between services; the shortest unless given. */
  readonly links?: Links
  /** Of the version to begin with; this one unless given. */
  readonly checkout?: string
}

const serves: Readonly<Record<ServiceName, RegExp>> = {
  gateway: /listens on (\S+)/,
  'access-control': /listens on (\S+)/,
  vault: /listens on (\S+)/,
  execution: /listens on (\S+)/,
  'session-proxy': /for SSH on (\S+)/,
  audit: /listens on (\S+)/,
}

export const startProcesses = async (options: ProcessesOptions = {}): Promise<Processes> => {
  await using stack = new AsyncDisposableStack()
  const directory = options.directory ?? (await temporaryDirectory(stack))
  const data = stack.use(await openDataDirectory(directory))
  const keys = await prepareKeys(data)
  const ports = await choosePorts(options.replicas ?? 1)
  const [first] = ports
  const api = await frontDoor(
    stack,
    ports.map(({ services }) => services.gateway),
  )
  const sshPort = await frontDoor(
    stack,
    ports.map(({ ssh }) => ssh),
  )
  const apiUrl = `http://127.0.0.1:${api}`
  const postgres = await ownPostgres(stack, data, options.checkout)
  const certificates = await writeCertificates(data)
  const tls = certificates.environments
  const installation = { data, keys, tls, database: postgres, broker: options.broker }
  const environments = await environmentsOf(installation, ports, apiUrl, options.links)
  const initialPassword = await bootstrap(environments[0]?.['access-control'] ?? {}, options.checkout)
  const replicas = environments.map(each => startReplica(stack, each, options))
  const [services] = replicas
  if (!first || !services) throw new Error('There must be a replica')
  const healthUrl = (of: Ports, name: ServiceName): string => `http://127.0.0.1:${of.health[name]}/readyz`
  const ready = async (): Promise<void> => {
    for (const service of replicas.flatMap(each => Object.values(each))) await service.ready(service.runs())
    for (const of of ports) for (const name of serviceNames) await answers(healthUrl(of, name))
  }
  await ready()
  const owned = stack.move()
  return {
    apiUrl,
    sshPort,
    sshHostKey: await hostKeyOf(keys),
    initialPassword,
    directory,
    services,
    replicas,
    postgres,
    certificates,
    audit: {
      databaseUrl: postgres.url('audit', 'worker'),
      keyFile: keys.auditChain,
      checkpoints: data.path('checkpoints'),
    },
    metrics: async name => {
      const read = async ({ health }: Ports): Promise<string> =>
        (await fetch(`http://127.0.0.1:${health[name]}/metrics`)).text()
      return (await Promise.all(ports.map(read))).join('')
    },
    health: async name => (await (await fetch(healthUrl(first, name))).json()) as Health,
    ready,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The one port that clients know: the only replica’s own, or one before them all. */
const frontDoor = async (stack: AsyncDisposableStack, ports: readonly number[]): Promise<number> => {
  const [only, ...others] = ports
  return only !== undefined && others.length === 0 ? only : stack.use(await balance(ports)).port
}

const startReplica = (
  stack: AsyncDisposableStack,
  environments: Readonly<Record<ServiceName, Environment>>,
  { environment: more, checkout }: Pick<ProcessesOptions, 'environment' | 'checkout'>,
): Replica => {
  const entries = serviceNames.map(name => {
    const environment = { ...environments[name], ...more?.[name] }
    const path = `services/${name}/src/main.ts`
    return [name, stack.use(supervise({ path, environment, serves: serves[name], checkout }))] as const
  })
  // One entry for each service was made.
  return Object.fromEntries(entries) as Replica
}

const temporaryDirectory = async (stack: AsyncDisposableStack): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-e2e-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  // PostgreSQL runs as another user when we are root.
  await chmod(directory, 0o711)
  return directory
}

const ownPostgres = async (
  stack: AsyncDisposableStack,
  data: DataDirectory,
  checkout: string | undefined,
): Promise<PostgresOfProcesses> => {
  const { server: first, url } = checkout ? await openDatabase(data) : await startDatabase(data)
  let server: EmbeddedPostgres = first
  stack.defer(() => server[Symbol.asyncDispose]())
  const adminUrl = (): string => server.adminUrl('sallyport')
  if (checkout) await migrateBy(checkout, { url, adminUrl })
  return {
    url,
    adminUrl,
    pid: async () => (await server.pid()) ?? 0,
    kill: async signal => {
      const tree = processTree((await server.pid()) ?? 0)
      process.kill(tree[0] ?? 0, signal)
      await eventually(() => !tree.some(isRunning))
    },
    start: async () => {
      server = await startEmbeddedPostgres({ directory: data.path('postgres'), port: server.port })
    },
  }
}

/** Creates the operator's tenant, as an operator would; gives the administrator's first password. */
const bootstrap = async (environment: Environment, checkout: string | undefined): Promise<string> => {
  await using program = startProgram('services/access-control/src/bootstrap-main.ts', [], {
    env: environment,
    checkout,
  })
  const [, password = ''] = await program.shows(/first time is:\n(\S+)\n/)
  await program.exit
  return password
}

const answers = (url: string): Promise<true> => eventually(async () => (await fetch(url)).ok || false, 30_000)

const hostKeyOf = async (keys: KeyFiles): Promise<string> => {
  using key = await loadHostKey(keys.sshHost)
  return `ssh-ed25519 ${publicKeyOf(key).toString('base64')}`
}
