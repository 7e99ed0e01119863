import { writeFile } from 'node:fs/promises'
import { mkdir } from 'node:fs/promises'
import { freePort } from '@sallyport/postgres/free-port'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { loadHostKey, publicKeyOf } from '@sallyport/session-proxy/protocols/ssh/host-key'
import { openDataDirectory } from '@sallyport/standalone/data-directory'
import { startDatabase } from '@sallyport/standalone/database'
import { prepareKeys } from '@sallyport/standalone/keys'
import { makeDataRoot } from '../../support/installation.ts'
import { type Program, startProgram } from '../../support/program.ts'
import { startStandIns } from './stand-ins.ts'
import type { BenchTarget } from './target.ts'

/** The session proxy in a process of its own, recording to disk and writing to PostgreSQL, behind it a target. */
export type LoneProxy = AsyncDisposable & {
  readonly program: Program
  readonly sshPort: number
  /** In SSH wire format. */
  readonly hostKey: Buffer
  readonly recordings: string
}

/**
 * Only what stands beside the proxy is simplified: access-control and vault say yes at once.
 * @param nodeOptions such as `--cpu-prof`
 */
export const startLoneProxy = async (target: BenchTarget, nodeOptions = ''): Promise<LoneProxy> => {
  await using stack = new AsyncDisposableStack()
  const root = stack.use(await makeDataRoot())
  const data = stack.use(await openDataDirectory(root.path))
  const keys = await prepareKeys(data)
  const database = stack.use(await startDatabase(data))
  const authority = await createServiceAuthority()
  const standIns = stack.use(await startStandIns(authority, target))
  const recordings = data.path('recordings')
  await mkdir(recordings, { mode: 0o700 })
  const tls = await authority.issue('session-proxy')
  const [certificate, key, trusted] = ['tls.crt', 'tls.key', 'ca.crt'].map(name => data.path('keys', name))
  if (!certificate || !key || !trusted) throw new Error('there are three files')
  await writeFile(certificate, tls.certificate)
  await writeFile(key, tls.privateKey, { mode: 0o600 })
  await writeFile(trusted, tls.authority)
  using hostKey = await loadHostKey(keys.sshHost)
  const sshPort = await freePort()
  const env = {
    SALLYPORT_SESSION_PROXY_PORT: '0',
    SALLYPORT_SSH_PORT: String(sshPort),
    SALLYPORT_SSH_MAX_CONNECTIONS: '20000',
    SALLYPORT_SSH_MAX_CONNECTIONS_PER_SOURCE: '20000',
    SALLYPORT_TARGETS_ON_LOOPBACK: 'true',
    SALLYPORT_SSH_HOST_KEY_FILE: keys.sshHost,
    SALLYPORT_RECORDING_DIRECTORY: recordings,
    SALLYPORT_RECORDING_KEY_FILE: keys.recordings,
    SALLYPORT_SESSION_PROXY_DATABASE_URL: database.url('session_proxy', 'app'),
    SALLYPORT_SESSION_PROXY_WORKER_DATABASE_URL: database.url('session_proxy', 'worker'),
    SALLYPORT_EVENT_LOG_URL: database.url('event_log', 'app'),
    SALLYPORT_ACCESS_CONTROL_ADDRESS: standIns.accessControl,
    SALLYPORT_VAULT_ADDRESS: standIns.vault,
    SALLYPORT_TLS_CERTIFICATE_FILE: certificate,
    SALLYPORT_TLS_KEY_FILE: key,
    SALLYPORT_TLS_AUTHORITY_FILE: trusted,
    SALLYPORT_LOG_LEVEL: 'warn',
    NODE_OPTIONS: nodeOptions,
  }
  const program = startProgram('services/session-proxy/src/main.ts', [], { env })
  stack.defer(async () => {
    program.kill('SIGTERM')
    await program.exit
  })
  await program.shows(/listens on/)
  const owned = stack.move()
  return {
    program,
    sshPort,
    hostKey: publicKeyOf(hostKey),
    recordings,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
