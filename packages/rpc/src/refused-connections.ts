import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Server } from '@grpc/grpc-js'
import { http2ServersOf } from './http2-servers.ts'

/** A connection that never became one: TLS' own word for why, and whose it was. */
export type RefusedConnection = { readonly reason: string; readonly sourceAddress: string }

/** Tells of each connection to a bound server whose other end did not prove that it is one of ours. */
export const watchRefusedConnections = (
  server: Server,
  onRefused: (refused: RefusedConnection) => void,
): void => {
  for (const one of http2ServersOf(server)) {
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
