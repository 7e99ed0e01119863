import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

/**
 * Where a request comes from: the connection's address, or what a configured proxy says of it. What is no address is
 * not believed of anybody. No other header says anything, and there is no PROXY protocol.
 */
export const sourceAddressOf = ({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string => {
  const address = isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip
  // A socket that listens to both families writes IPv4 like this; it is one source, and not two.
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
