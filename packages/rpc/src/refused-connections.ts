import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Server } from '@grpc/grpc-js'

/** A connection that never became one: TLS' own word for why, and whose it was. */
export type RefusedConnection = { readonly reason: string; readonly sourceAddress: string }

/**
 * Tells of each connection to a bound server whose other end did not prove that it is one of ours. grpc-js keeps this to
 * itself, so it is asked for at the HTTP/2 servers inside it.
 * @throws Error if they are not where they were
 */
export const watchRefusedConnections = (
  server: Server,
  onRefused: (refused: RefusedConnection) => void,
): void => {
  const inside: unknown = Reflect.get(server, 'http2Servers')
  const servers: unknown[] = inside instanceof Map ? [...inside.keys()] : []
  if (servers.length === 0) throw new Error('This version of grpc-js keeps its servers elsewhere')
  for (const one of servers) {
    if (!(one instanceof EventEmitter)) throw new Error('This version of grpc-js keeps its servers elsewhere')
    // A socket that was asked once knows its other end also when it is closed.
    one.on('connection', (socket: Socket) => void socket.remoteAddress)
    one.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      const reason = reasonOf(error, socket)
      if (reason !== undefined) onRefused({ reason, sourceAddress: sourceOf(socket) })
    })
  }
}

/** A TLS socket that is closed knows no address any more; the one below it does. */
const sourceOf = (socket: TLSSocket): string => {
  const below: unknown = Reflect.get(socket, '_parent')
  return (below instanceof Socket ? below.remoteAddress : socket.remoteAddress) ?? ''
}

/** Undefined for who connects and goes away, as probes of load balancers do. */
const reasonOf = (error: NodeJS.ErrnoException, socket: TLSSocket): string | undefined => {
  // Node's own types say Error; it is the code of OpenSSL's verification, or null.
  const unverified: unknown = socket.authorizationError
  if (typeof unverified === 'string') return unverified
  return error.code?.startsWith('ERR_SSL') ? error.code : undefined
}
