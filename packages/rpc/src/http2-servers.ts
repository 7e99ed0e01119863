import { EventEmitter } from 'node:events'
import type { Server } from '@grpc/grpc-js'

/**
 * The HTTP/2 servers inside a bound gRPC server, for what grpc-js keeps to itself.
 * @throws Error if they are not where they were
 */
export const http2ServersOf = (server: Server): readonly EventEmitter[] => {
  const inside: unknown = Reflect.get(server, 'http2Servers')
  const servers: unknown[] = inside instanceof Map ? [...inside.keys()] : []
  const found = servers.filter(one => one instanceof EventEmitter)
  if (found.length === 0 || found.length < servers.length)
    throw new Error('This version of grpc-js keeps its servers elsewhere')
  return found
}
