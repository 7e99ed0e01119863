import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { Caller } from '@sallyport/identity/caller-token'
import type { SallyportError } from '@sallyport/errors/error'
import type { ServiceName } from '@sallyport/identity/services'
import type { KeyFinder } from '@sallyport/identity/verification-keys'
import type { Logger } from '@sallyport/telemetry/logger'
import type { Meter } from '@sallyport/telemetry/metrics'
import type { Tracing } from '@sallyport/telemetry/tracing'
import { answerStream, answerUnary, type Wire } from './answer.ts'
import { maxMessageBytes } from './channel.ts'
import type { Binding } from './handlers.ts'
import { refuseCompression } from './no-compression.ts'
import { rememberPeerCertificates } from './peer-certificates.ts'
import { createRateLimiter } from './rate-limit.ts'
import { type RefusedConnection, watchRefusedConnections } from './refused-connections.ts'
import { serverCredentials, type TlsMaterial } from './tls.ts'

/** A call that was not admitted, for the audit trail. */
export type Refusal = {
  readonly method: string
  readonly service: ServiceName | undefined
  readonly caller: Caller | undefined
  readonly requestId: string
  readonly error: SallyportError
}

export type ServerOptions = {
  readonly service: ServiceName
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly tls: TlsMaterial
  readonly keys: KeyFinder
  readonly clock: { readonly now: () => Date }
  readonly log: Logger
  readonly bindings: readonly Binding[]
  /** Called for each call that its row refuses. Its failure is logged, and changes nothing for the caller. */
  readonly onRefused?: (refusal: Refusal) => Promise<void>
  /** Called for each connection without a certificate of ours. As above. */
  readonly onConnectionRefused?: (refused: RefusedConnection) => Promise<void>
  readonly meter?: Pick<Meter, 'count' | 'time'> | undefined
  readonly tracing?: Pick<Tracing, 'resume'> | undefined
}

/** A running gRPC server. Disposing it stops accepting, and waits up to 2 s for calls under way. */
export type RpcServer = AsyncDisposable & { readonly address: string }

/**
 * Starts a gRPC server over mTLS.
 * @throws Error if a method has no row or no handler, or the port is taken.
 */
export const serveRpc = async (options: ServerOptions): Promise<RpcServer> => {
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': 1_000,
    'grpc.keepalive_time_ms': 20_000,
    interceptors: [refuseCompression],
  })
  const limit = createRateLimiter(() => performance.now())
  for (const binding of options.bindings) {
    server.addService(untyped(binding), implementationOf(binding, { ...options, limit }))
  }
  const port = await listen(server, options)
  rememberPeerCertificates(server)
  watchRefusedConnections(server, refused => {
    options.log.warn(refused, 'A connection was refused')
    options
      .onConnectionRefused?.(refused)
      .catch((err: unknown) => options.log.error({ err }, 'A refused connection could not be audited'))
  })
  return {
    address: `${options.host}:${port}`,
    [Symbol.asyncDispose]: () => stop(server),
  }
}

type AnswerOptions = ServerOptions & { readonly limit: ReturnType<typeof createRateLimiter> }

const implementationOf = (binding: Binding, options: AnswerOptions): UntypedServiceImplementation => {
  const entries = Object.entries(binding.definition).map(([name, method]) => {
    const row = binding.table[name]
    const handler = binding.handlers[name]
    if (!row || !handler)
      throw new Error(`${method.path} has no ${row ? 'handler' : 'row in its method table'}`)
    const wire: Wire = { method, row, handler, options }
    const unary: handleUnaryCall<unknown, unknown> = (call: ServerUnaryCall<unknown, unknown>, reply) =>
      void answerUnary(wire, call, reply)
    const stream: handleServerStreamingCall<unknown, unknown> = (
      call: ServerWritableStream<unknown, unknown>,
    ) => void answerStream(wire, call)
    return [name, method.responseStream ? stream : unary] as const
  })
  return Object.fromEntries(entries)
}

// grpc-js types codecs as taking `any`; ours are stricter, and were paired with their handlers by `bind`.
const untyped = (binding: Binding): Parameters<Server['addService']>[0] =>
  binding.definition as unknown as Parameters<Server['addService']>[0]

const listen = (server: Server, { host, port, tls }: ServerOptions): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, serverCredentials(tls), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })

const drainMs = 2_000

const stop = (server: Server): Promise<void> =>
  new Promise(resolve => {
    const force = setTimeout(() => server.forceShutdown(), drainMs)
    server.tryShutdown(() => {
      clearTimeout(force)
      resolve()
    })
  })
