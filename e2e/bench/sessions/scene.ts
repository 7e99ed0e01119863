import { clientConfig, type ClientConfig } from './client-config.ts'
import { type LoneProxy, startLoneProxy } from './lone-proxy.ts'
import { type SmallServer, startNaiveProxy } from './small-programs.ts'
import { type OpenSshTarget, openSshTarget } from './target.ts'

/** One target, and every way to it: `direct`, `jumped` over OpenSSH, through `ours`, through the `naive` floor. */
export type SessionScene = AsyncDisposable & {
  readonly target: OpenSshTarget
  readonly ours: LoneProxy
  readonly naive: SmallServer
  readonly client: ClientConfig
}

export const openSessionScene = async (nodeOptions?: string): Promise<SessionScene> => {
  await using stack = new AsyncDisposableStack()
  const target = stack.use(await openSshTarget())
  const ours = stack.use(await startLoneProxy(target, nodeOptions))
  const naive = stack.use(await startNaiveProxy(target))
  const client = stack.use(
    await clientConfig(target, [
      { host: 'ours', port: ours.sshPort, user: `bench[${target.username}@target]`, hostKey: ours.hostKey },
      { host: 'naive', port: naive.port, user: 'bench', hostKey: naive.hostKey },
    ]),
  )
  const owned = stack.move()
  return { target, ours, naive, client, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
