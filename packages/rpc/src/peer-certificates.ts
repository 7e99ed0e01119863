import type { TLSSocket } from 'node:tls'
import type { Server } from '@grpc/grpc-js'
import { http2ServersOf } from './http2-servers.ts'

/**
 * Reads the certificate of the other end once for each connection to a bound server. grpc-js reads it for each call, with
 * all its fingerprints, which was a tenth of a service's work; who connected stays who it was.
 */
export const rememberPeerCertificates = (server: Server): void => {
  for (const one of http2ServersOf(server))
    one.on('secureConnection', (socket: TLSSocket) => {
      const certificate = socket.getPeerCertificate()
      Object.defineProperty(socket, 'getPeerCertificate', { value: () => certificate })
    })
}
