import { createServer, type Server as NetServer, type Socket } from 'node:net'
import type { Secret } from '@sallyport/crypto/secret'
import ssh2, { type ClientInfo, type Connection } from 'ssh2'
import type { ProtocolServer } from '../protocol.ts'
import { ALGORITHMS } from './algorithms.ts'
import { type ConnectionDeps, serveConnection } from './connection.ts'
import { type Admitted, connectionGate, type GateLimits } from './connection-gate.ts'
import { socketOf } from './internals.ts'

export type SshServerOptions = {
  readonly host: string
  readonly port: number
  readonly hostKey: Secret
  readonly limits: GateLimits
}

/** Starts the SSH door. Disposing it stops accepting and cuts what is still connected. */
export const startSshServer = async (
  deps: ConnectionDeps,
  options: SshServerOptions,
): Promise<ProtocolServer> => {
  const gate = connectionGate(options.limits)
  const admitted = new WeakMap<Socket, Admitted>()
  const sockets = new Set<Socket>()
  const ssh = new ssh2.Server(
    {
      hostKeys: [options.hostKey.bytes()],
      algorithms: ALGORITHMS,
      ident: 'Sallyport',
      keepaliveInterval: 15_000,
      keepaliveCountMax: 3,
    },
    (connection: Connection, info: ClientInfo) => {
      const entry = admitted.get(socketOf(connection))
      if (entry !== undefined) serveConnection(deps, connection, info, entry)
      else connection.end()
    },
  )
  ssh.on('error', (error: Error) => deps.log.error({ err: error }, 'the SSH server failed'))
  // Sockets come to ssh2 through our own server, which limits those that have not said a word yet.
  const door = createServer({ noDelay: true, keepAlive: true }, socket => {
    socket.on('error', () => undefined)
    const entry = gate.admit(socket)
    if (entry === undefined) return
    admitted.set(socket, entry)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    ssh.injectSocket(socket)
  })
  const port = await listen(door, options)
  return {
    address: `${options.host}:${port}`,
    [Symbol.asyncDispose]: () => close(door, sockets),
  }
}

const listen = (server: NetServer, { host, port }: SshServerOptions): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })

const close = (server: NetServer, sockets: ReadonlySet<Socket>): Promise<void> =>
  new Promise(resolve => {
    server.close(() => resolve())
    for (const socket of sockets) socket.destroy()
  })
