import { join } from 'node:path'
import { serviceNames } from '@sallyport/identity/services'
import { loadHostKey, publicKeyOf } from '@sallyport/session-proxy/protocols/ssh/host-key'
import { openCluster } from '../support/cluster.ts'
import { makeDataRoot, startInstallation } from '../support/installation.ts'
import type { Environment } from '../support/service-environment.ts'
import type { WatchedKind, WatchedPlatform } from './watched-platforms.ts'

/** A platform each process of which writes down what it keeps. */
export type Watched = AsyncDisposable & {
  readonly apiUrl: string
  readonly initialPassword: string
  readonly sshPort: number
  readonly sshHostKey: string
}

const probed = (path: string, everyMs: number): Environment => ({
  NODE_OPTIONS: `--import=${join(import.meta.dirname, 'probe.ts')}`,
  SALLYPORT_SOAK_SAMPLES: path,
  SALLYPORT_SOAK_EVERY_MS: `${everyMs}`,
})

const openOneProcess = async (probe: Environment): Promise<Watched> => {
  await using stack = new AsyncDisposableStack()
  const data = stack.use(await makeDataRoot())
  const { apiUrl, initialPassword = '', sshPort } = stack.use(await startInstallation(data, probe))
  using hostKey = await loadHostKey(join(data.path, 'keys/ssh_host_ed25519_key'))
  const sshHostKey = `ssh-ed25519 ${publicKeyOf(hostKey).toString('base64')}`
  const owned = stack.move()
  return {
    apiUrl,
    initialPassword,
    sshPort,
    sshHostKey,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const openTwoReplicas = async (probe: Environment): Promise<Watched> => {
  const environment = Object.fromEntries(serviceNames.map(name => [name, probe]))
  const { platform, [Symbol.asyncDispose]: dispose } = await openCluster({ environment })
  return { ...platform, [Symbol.asyncDispose]: dispose }
}

const open: Readonly<Record<WatchedKind, (probe: Environment) => Promise<Watched>>> = {
  'one-process': openOneProcess,
  'two-replicas': openTwoReplicas,
}

/** @param path of the file to which samples go */
export const openWatched = ({ kind, sampledEveryMs }: WatchedPlatform, path: string): Promise<Watched> =>
  open[kind](probed(path, sampledEveryMs))
