import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Binaries, locateBinaries, othersMayReach } from './binaries.ts'
import { freePort } from './free-port.ts'
import { postmasterPid, stopLeftover } from './leftover.ts'
import { type UserIds, unprivilegedUser } from './unprivileged-user.ts'

export type EmbeddedOptions = {
  /** Where the cluster lives; made if missing. `<directory>/cluster` is PostgreSQL's own. */
  readonly directory: string
  /** Any free one unless told. */
  readonly port?: number
  /** Server settings over ours, such as `fsync: 'off'` in tests. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A PostgreSQL server on loopback that ends with this process, even if this process is killed. */
export type EmbeddedPostgres = AsyncDisposable & {
  readonly port: number
  /** URL of the superuser. */
  readonly adminUrl: (database?: string) => string
  /** The server's process id. */
  readonly pid: () => Promise<number | undefined>
}

const defaults: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '150',
  shared_buffers: '32MB',
  jit: 'off',
  max_wal_size: '512MB',
  // Statements hold no secrets, but their parameters may, and errors would print them.
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_statement: 'none',
}

/**
 * Starts the embedded PostgreSQL on a directory, making the cluster on first use. A server that an earlier process left
 * on the directory is stopped first.
 * @throws Error saying what is in the way
 */
export const startEmbeddedPostgres = async (options: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  const user = unprivilegedUser()
  const directory = resolve(options.directory)
  await prepareDirectory(directory, user)
  const cluster = join(directory, 'cluster')
  const binaries = await locateBinaries(user)
  await stopLeftover(cluster)
  const password = await initialise(directory, cluster, binaries, user)
  const port = options.port ?? (await freePort())
  const server = await launch(
    binaries,
    directory,
    { ...defaults, ...options.settings, port: `${port}` },
    user,
  )
  const adminUrl = (database = 'postgres') =>
    `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`
  await untilReady(adminUrl(), server, directory)
  return {
    port,
    adminUrl,
    pid: () => postmasterPid(cluster),
    [Symbol.asyncDispose]: () => stop(server),
  }
}

const prepareDirectory = async (directory: string, user: UserIds | undefined): Promise<void> => {
  await mkdir(directory, { recursive: true, mode: 0o711 })
  if (!user) return
  if (!(await othersMayReach(directory))) {
    throw new Error(
      `PostgreSQL cannot run as root, and the user nobody cannot reach ${directory}. ` +
        'Choose another --data-dir, such as /var/lib/sallyport',
    )
  }
  await chown(directory, user.uid, user.gid)
}

/** Makes the cluster with a random superuser password, kept beside it in a file that only its owner can read. */
const initialise = async (
  directory: string,
  cluster: string,
  { initdb }: Binaries,
  user: UserIds | undefined,
): Promise<string> => {
  const passwordFile = join(directory, 'superuser-password')
  if (await stat(join(cluster, 'PG_VERSION')).catch(() => undefined)) return readFile(passwordFile, 'utf8')
  await rm(cluster, { recursive: true, force: true })
  const password = randomBytes(24).toString('base64url')
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (user) await chown(passwordFile, user.uid, user.gid)
  await promisify(execFile)(
    initdb,
    [
      '-D',
      cluster,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-E',
      'UTF8',
      '--no-locale',
    ],
    { ...user, cwd: directory },
  )
  return password
}

/**
 * The shell holds the pipe from us on descriptor 3: when it closes, because we stopped the server or because we died
 * in whatever way, the server is told to stop.
 */
const leash = '"$@" 3<&- & server=$!; (cat <&3 >/dev/null; kill -INT $server) & wait $server'

const launch = async (
  { postgres }: Binaries,
  directory: string,
  settings: Readonly<Record<string, string>>,
  user: UserIds | undefined,
): Promise<ChildProcess> => {
  const log = await open(join(directory, 'postgresql.log'), 'a', 0o600)
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn('sh', ['-c', leash, 'sh', postgres, '-D', join(directory, 'cluster'), ...flags], {
    ...user,
    cwd: directory,
    // A session of its own: Ctrl-C in the terminal is for us, and we stop the server last.
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
  })
  await log.close()
  // Of a server that ended by itself, nothing is left to hold.
  server.once('exit', () => letGo(server))
  return server
}

const letGo = (server: ChildProcess): void => {
  for (const stream of server.stdio) {
    if (stream && 'destroy' in stream) stream.destroy()
  }
}

const untilReady = async (url: string, server: ChildProcess, directory: string): Promise<void> => {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await setTimeout(25)) {
    if (server.exitCode !== null) break
    if (await answers(url)) return
  }
  throw new Error(`PostgreSQL did not start; see ${join(directory, 'postgresql.log')}`)
}

const answers = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

const stop = async (server: ChildProcess): Promise<void> => {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = once(server, 'exit')
  letGo(server)
  await ended
}
