import {
  type Client,
  type ClientReadableStream,
  connectivityState,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import { SallyportError } from '@sallyport/errors/error'
import type { Reason } from '@sallyport/errors/reasons'
import { currentTraceparent, inSpan } from '@sallyport/telemetry/span'
import type { RpcChannel } from './channel.ts'
import type { Method, RequestOf, ResponseOf, ServiceDefinition } from './definition.ts'
import { metadataKeys } from './metadata-keys.ts'
import { spanAttributesOf } from './span-attributes.ts'
import { fromStatus } from './wire-error.ts'

export type RequestOptions = {
  /** The caller token for the service that is called; absent when no user stands behind the call. */
  readonly callerToken?: string | undefined
  readonly requestId?: string | undefined
  readonly idempotencyKey?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Milliseconds until the call is given up, whatever the clock of the machine does; 5,000 unless told. */
  readonly deadlineMs?: number | undefined
}

/** Streams have no deadline. */
type StreamOptions = Omit<RequestOptions, 'deadlineMs'>

type ClientMethod<M extends Method> = M['responseStream'] extends true
  ? (request: RequestOf<M>, options?: StreamOptions) => AsyncIterable<ResponseOf<M>>
  : (request: RequestOf<M>, options?: RequestOptions) => Promise<ResponseOf<M>>

/** A typed client: one function an RPC. Every failure is a SallyportError. */
export type RpcClient<D extends ServiceDefinition> = { readonly [K in keyof D]: ClientMethod<D[K]> }

const defaultDeadlineMs = 5_000

/** A call waits no longer for its connection, whatever its deadline. */
const connectMs = 1_500

/** Makes a client of one gRPC service on a channel. */
export const connectRpc = <D extends ServiceDefinition>(definition: D, channel: RpcChannel): RpcClient<D> => {
  const methods = Object.entries(definition).map(([name, method]) => [
    name,
    method.responseStream ? streamOf(method, channel) : unaryOf(method, channel),
  ])
  // Built from the definition's own entries, so the names and types are those of D.
  return Object.fromEntries(methods) as RpcClient<D>
}

const unaryOf =
  (method: Method, { client }: RpcChannel) =>
  (request: never, options: RequestOptions = {}): Promise<unknown> =>
    inSpan('call', spanAttributesOf(method), () => callUnary(method, client, request, options))

const callUnary = (
  method: Method,
  client: Client,
  request: never,
  options: RequestOptions,
): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadataOf(options),
      (failure: ServiceError | null, response?: unknown) => {
        detach()
        clearTimeout(waiting)
        clearTimeout(late)
        if (failure) reject(fromStatus(failure))
        else resolve(response)
      },
    )
    const giveUp = (reason: Reason): void => {
      reject(new SallyportError(reason))
      call.cancel()
    }
    const detach = cancelOn(options.signal, () => call.cancel())
    const waiting = whenUnconnected(client, () => giveUp('service.unavailable'))
    // gRPC's own deadline is a time of day: a clock that jumps forward would end every call that has just begun.
    const late = setTimeout(giveUp, options.deadlineMs ?? defaultDeadlineMs, 'request.deadline')
  })

const streamOf = (method: Method, { client }: RpcChannel) =>
  async function* (request: never, options: StreamOptions = {}): AsyncGenerator {
    const call: ClientReadableStream<unknown> = client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadataOf(options),
    )
    // Cancelling emits an error that nobody may be waiting for any more.
    call.on('error', () => {})
    const detach = cancelOn(options.signal, () => call.cancel())
    try {
      for await (const message of call) yield message
    } catch (failure) {
      throw fromStatus(failure as ServiceError)
    } finally {
      detach()
      call.cancel()
    }
  }

/** Tells of a connection that does not come about: its other end may accept it, and say nothing more. */
const whenUnconnected = (client: Client, giveUp: () => void): NodeJS.Timeout | undefined => {
  const isReady = (): boolean => client.getChannel().getConnectivityState(false) === connectivityState.READY
  if (isReady()) return undefined
  return setTimeout(() => {
    if (!isReady()) giveUp()
  }, connectMs)
}

const metadataOf = (options: StreamOptions): Metadata => {
  const metadata = new Metadata()
  if (options.callerToken) metadata.set(metadataKeys.callerToken, options.callerToken)
  if (options.requestId) metadata.set(metadataKeys.requestId, options.requestId)
  if (options.idempotencyKey) metadata.set(metadataKeys.idempotencyKey, options.idempotencyKey)
  const traceparent = currentTraceparent()
  if (traceparent) metadata.set(metadataKeys.traceparent, traceparent)
  return metadata
}

const cancelOn = (signal: AbortSignal | undefined, cancel: () => void): (() => void) => {
  if (!signal) return () => {}
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel)
  return () => signal.removeEventListener('abort', cancel)
}
