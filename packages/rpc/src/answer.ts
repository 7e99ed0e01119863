import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js'
import { crashPoint } from '@sallyport/config/crash-point'
import { SallyportError } from '@sallyport/errors/error'
import { authorise, type Identified, identify } from './admission.ts'
import { type Call, createCall } from './call.ts'
import type { Method } from './definition.ts'
import type { UntypedHandler } from './handlers.ts'
import { metadataKeys } from './metadata-keys.ts'
import type { MethodRow, RateClass } from './methods.ts'
import type { ServerOptions } from './server.ts'
import { serviceOfCertificate } from './tls.ts'
import { toStatus } from './wire-error.ts'

/** One method as it is served. */
export type Wire = {
  readonly method: Method
  readonly row: MethodRow
  readonly handler: UntypedHandler
  readonly options: ServerOptions & { readonly limit: (caller: string, rate: RateClass) => void }
}

type Incoming = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>

export const answerUnary = async (
  wire: Wire,
  incoming: ServerUnaryCall<unknown, unknown>,
  reply: sendUnaryData<unknown>,
): Promise<void> => {
  try {
    const call = await callOf(wire, incoming)
    try {
      const response = await wire.handler(incoming.request, call)
      checkAudited(wire.row, call)
      crashPoint(`before reply ${call.method}`)
      reply(null, response)
    } catch (thrown) {
      reply(statusOf(thrown, call))
    }
  } catch (refused) {
    reply(toStatus(SallyportError.from(refused)))
  }
}

export const answerStream = async (
  wire: Wire,
  outgoing: ServerWritableStream<unknown, unknown>,
): Promise<void> => {
  // A client that goes away makes the stream fail; the handler learns it from `signal`.
  outgoing.on('error', () => {})
  try {
    const call = await callOf(wire, outgoing)
    try {
      const responses = wire.handler(outgoing.request, call) as AsyncIterable<unknown>
      for await (const response of responses) {
        if (call.signal.aborted) break
        if (!outgoing.write(response)) await Promise.race([once(outgoing, 'drain'), aborted(call.signal)])
      }
      outgoing.end()
    } catch (thrown) {
      outgoing.emit('error', statusOf(thrown, call))
    }
  } catch (refused) {
    outgoing.emit('error', toStatus(SallyportError.from(refused)))
  }
}

const callOf = async ({ method, row, options }: Wire, incoming: Incoming): Promise<Call> => {
  const requestId = metadataText(incoming, metadataKeys.requestId) ?? randomUUID()
  const claimed = {
    service: serviceOfCertificate(incoming.getAuthContext()?.sslPeerCertificate?.raw),
    callerToken: metadataText(incoming, metadataKeys.callerToken),
  }
  const log = options.log.child({ requestId, method: method.path, peer: claimed.service })
  let identified: Identified | undefined
  try {
    identified = await identify(row, claimed, {
      self: options.service,
      keys: options.keys,
      now: options.clock.now,
    })
    authorise(row, identified, options.limit)
  } catch (thrown) {
    const error = SallyportError.from(thrown)
    log.warn({ reason: error.reason, err: error.cause }, 'A call was refused')
    const refusal = {
      method: method.path,
      service: claimed.service,
      caller: identified?.caller,
      requestId,
      error,
    }
    await options
      .onRefused?.(refusal)
      .catch((failure: unknown) => log.error({ err: failure }, 'A refusal could not be audited'))
    throw error
  }
  return createCall({
    ...identified,
    method: method.path,
    requestId,
    idempotencyKey: metadataText(incoming, metadataKeys.idempotencyKey),
    signal: signalOf(incoming),
    log,
  })
}

const statusOf = (thrown: unknown, call: Call): ReturnType<typeof toStatus> => {
  const error = SallyportError.from(thrown)
  if (error.code === 'internal') {
    call.log.error({ err: error.cause ?? error }, 'A call failed unexpectedly')
    return toStatus(new SallyportError('internal', `Internal error ${call.requestId}`))
  }
  call.log.info({ reason: error.reason, err: error.cause }, 'A call was answered with an error')
  return toStatus(error)
}

/** A handler that forgot its audit event is a bug that must not stay unseen. */
const checkAudited = (row: MethodRow, call: Call): void => {
  if (row.audit === 'none' || call.audited.has(row.audit) || call.audited.has('replayed')) return
  throw new Error(`${call.method} succeeded without its audit event ${row.audit}`)
}

const metadataText = (incoming: Incoming, key: string): string | undefined => {
  const [value] = incoming.metadata.get(key)
  return typeof value === 'string' && value !== '' ? value : undefined
}

const signalOf = (incoming: Incoming): AbortSignal => {
  const controller = new AbortController()
  incoming.on('cancelled', () => controller.abort())
  return controller.signal
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
