import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServiceName, serviceNames } from '@sallyport/identity/services'
import type { SchemaName } from '@sallyport/maintenance/schemas'
import { loadHostKey, publicKeyOf } from '@sallyport/session-proxy/protocols/ssh/host-key'
import { type DataDirectory, openDataDirectory } from '@sallyport/standalone/data-directory'
import { startDatabase } from '@sallyport/standalone/database'
import { type KeyFiles, prepareKeys } from '@sallyport/standalone/keys'
import type { RoleKind } from '@sallyport/database/roles'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@sallyport/postgres/embedded'
import { eventually } from '@sallyport/testing/eventually'
import { isRunning, processTree } from './process-tree.ts'
import { startProgram } from './program.ts'
import { choosePorts, type Environment, environmentsOf } from './service-environment.ts'
import { type Supervised, supervise } from './supervised.ts'

/** The platform as a cluster has it: a process for each service, restarted when it dies, on one PostgreSQL. */
export type Processes = AsyncDisposable & {
  readonly apiUrl: string
  readonly sshPort: number
  readonly sshHostKey: string
  /** Of the user `admin`. */
  readonly initialPassword: string
  readonly directory: string
  readonly services: Readonly<Record<ServiceName, Supervised>>
  readonly postgres: PostgresOfProcesses
  /** What `audit verify` needs. */
  readonly audit: { readonly databaseUrl: string; readonly keyFile: string; readonly checkpoints: string }
  /** What a service says of itself at its `/readyz`. */
  readonly health: (service: ServiceName) => Promise<Health>
  /** What a service tells at its `/metrics`. */
  readonly metrics: (service: ServiceName) => Promise<string>
  /** Waits until every service serves. */
  readonly ready: () => Promise<void>
}

export type Health = { readonly status: string; readonly missing?: readonly string[] }

export type PostgresOfProcesses = {
  readonly adminUrl: () => string
  readonly url: (schema: SchemaName, kind: RoleKind) => string
  /** Ends the server and everything of it: SIGKILL as a crash does, SIGQUIT as `-m immediate` does. */
  readonly kill: (signal: 'SIGKILL' | 'SIGQUIT') => Promise<void>
  /** Starts it again on the same directory and port; resolves when it answers. */
  readonly start: () => Promise<void>
}

type Options = {
  /** More environment for a service. */
  readonly environment?: Partial<Record<ServiceName, Environment>>
  /** Kafka’s, which has the topics; without it events travel through PostgreSQL. */
  readonly broker?: string
  /** Where to keep everything; a temporary directory unless given. */
  readonly directory?: string
}

const serves: Readonly<Record<ServiceName, RegExp>> = {
  gateway: /listens on (\S+)/,
  'access-control': /listens on (\S+)/,
  vault: /listens on (\S+)/,
  execution: /listens on (\S+)/,
  'session-proxy': /for SSH on (\S+)/,
  audit: /listens on (\S+)/,
}

export const startProcesses = async (options: Options = {}): Promise<Processes> => {
  await using stack = new AsyncDisposableStack()
  const directory = options.directory ?? (await temporaryDirectory(stack))
  const data = stack.use(await openDataDirectory(directory))
  const keys = await prepareKeys(data)
  const ports = await choosePorts()
  const postgres = await ownPostgres(stack, data)
  const environments = await environmentsOf({ data, keys, database: postgres, broker: options.broker }, ports)
  const initialPassword = await bootstrap(environments['access-control'])
  const entries = serviceNames.map(name => {
    const environment = { ...environments[name], ...options.environment?.[name] }
    const path = `services/${name}/src/main.ts`
    return [name, stack.use(supervise({ path, environment, serves: serves[name] }))] as const
  })
  // One entry for each service was made.
  const services = Object.fromEntries(entries) as Record<ServiceName, Supervised>
  const healthUrl = (name: ServiceName): string => {
    const port = name === 'gateway' ? ports.services.gateway : ports.health[name]
    return `http://127.0.0.1:${port}/readyz`
  }
  const ready = async (): Promise<void> => {
    for (const service of Object.values(services)) await service.ready(service.runs())
    for (const name of serviceNames) await answers(healthUrl(name))
  }
  await ready()
  const owned = stack.move()
  return {
    apiUrl: `http://127.0.0.1:${ports.services.gateway}`,
    sshPort: ports.ssh,
    sshHostKey: await hostKeyOf(keys),
    initialPassword,
    directory,
    services,
    postgres,
    audit: {
      databaseUrl: postgres.url('audit', 'worker'),
      keyFile: keys.auditChain,
      checkpoints: data.path('checkpoints'),
    },
    metrics: async name => (await fetch(`http://127.0.0.1:${ports.health[name]}/metrics`)).text(),
    health: async name => (await (await fetch(healthUrl(name))).json()) as Health,
    ready,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
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
): Promise<PostgresOfProcesses> => {
  const { server: first, url } = await startDatabase(data)
  let server: EmbeddedPostgres = first
  stack.defer(() => server[Symbol.asyncDispose]())
  return {
    url,
    adminUrl: () => server.adminUrl('sallyport'),
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
const bootstrap = async (environment: Environment): Promise<string> => {
  await using program = startProgram('services/access-control/src/bootstrap-main.ts', [], {
    env: environment,
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
