import { createServer, type Server as NetServer, type Socket } from 'node:net'
import type { Secret } from '@sallyport/crypto/secret'
import ssh2, { type ClientInfo, type Connection } from 'ssh2'
import type { ProtocolServer } from '../protocol.ts'
import { DOOR_ALGORITHMS } from './algorithms.ts'
import { pauseWhileFull } from './back-pressure.ts'
import { type ConnectionDeps, serveConnection } from './connection.ts'
import { type Admitted, connectionGate, type GateLimits } from './connection-gate.ts'
import { socketOf } from './internals.ts'

export type SshServerOptions = {
  readonly host: string
  readonly port: number
  readonly hostKey: Secret
  readonly limits: GateLimits
}

const LINGER_MILLISECONDS = 2_000
const SILENCE_MILLISECONDS = 30_000

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
      algorithms: DOOR_ALGORITHMS,
      ident: 'Sallyport',
    },
    (connection: Connection, info: ClientInfo) => {
      const entry = admitted.get(socketOf(connection))
      if (entry !== undefined) serveConnection(deps, connection, info, entry)
      else connection.end()
    },
  )
  ssh.on('error', (error: Error) => deps.log.error({ err: error }, 'the SSH server failed'))
  // Sockets come to ssh2 through our own server, which limits those that have not said a word yet.
  // The kernel asks peers that are silent whether they are there: SSH's own way is a timer and messages for each.
  const alive = { keepAlive: true, keepAliveInitialDelay: SILENCE_MILLISECONDS }
  const door = createServer({ noDelay: true, ...alive }, socket => {
    socket.on('error', () => undefined)
    const entry = gate.admit(socket)
    if (entry === undefined) return
    admitted.set(socket, entry)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    lingerAtEnd(socket)
    ssh.injectSocket(socket)
    pauseWhileFull(socket)
  })
  const port = await listen(door, options)
  return {
    address: `${options.host}:${port}`,
    stopAccepting: () => void door.close(),
    [Symbol.asyncDispose]: () => close(door, sockets),
  }
}

/** Whoever was told to go has a moment to read why. */
const lingerAtEnd = (socket: Socket): void => {
  socket.once('finish', () => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MILLISECONDS)
    socket.once('close', () => clearTimeout(timer))
  })
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
