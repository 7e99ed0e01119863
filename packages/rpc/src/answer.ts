import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js'
import { crashPoint } from '@sallyport/config/crash-point'
import type { ErrorCode } from '@sallyport/errors/codes'
import { SallyportError } from '@sallyport/errors/error'
import type { Span } from '@sallyport/telemetry/span'
import { authorise, type Identified, identify } from './admission.ts'
import { type Call, createCall } from './call.ts'
import type { Method } from './definition.ts'
import type { UntypedHandler } from './handlers.ts'
import { metadataKeys } from './metadata-keys.ts'
import type { MethodRow, RateClass } from './methods.ts'
import type { ServerOptions } from './server.ts'
import { spanAttributesOf } from './span-attributes.ts'
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

export const answerUnary = (
  wire: Wire,
  incoming: ServerUnaryCall<unknown, unknown>,
  reply: sendUnaryData<unknown>,
): Promise<void> => {
  const span = spanOf(wire, incoming)
  const answer = (): Promise<void> => answerOne(wire, incoming, reply, measured(wire, span))
  return span ? span.run(answer) : answer()
}

const answerOne = async (
  wire: Wire,
  incoming: ServerUnaryCall<unknown, unknown>,
  reply: sendUnaryData<unknown>,
  answered: Answered,
): Promise<void> => {
  const refuse = (error: SallyportError): void => {
    reply(toStatus(error))
    answered(error.code)
  }
  try {
    const call = await callOf(wire, incoming)
    try {
      const response = await wire.handler(incoming.request, call)
      checkAudited(wire.row, call)
      crashPoint(`before reply ${call.method}`)
      reply(null, response)
      answered('ok')
    } catch (thrown) {
      refuse(tellable(thrown, call))
    }
  } catch (refused) {
    refuse(SallyportError.from(refused))
  }
}

export const answerStream = (wire: Wire, outgoing: ServerWritableStream<unknown, unknown>): Promise<void> => {
  const span = spanOf(wire, outgoing)
  const answer = (): Promise<void> => answerMany(wire, outgoing, measured(wire, span))
  return span ? span.run(answer) : answer()
}

const answerMany = async (
  wire: Wire,
  outgoing: ServerWritableStream<unknown, unknown>,
  answered: Answered,
): Promise<void> => {
  // A client that goes away makes the stream fail; the handler learns it from `signal`.
  outgoing.on('error', () => {})
  const refuse = (error: SallyportError): void => {
    outgoing.emit('error', toStatus(error))
    answered(error.code)
  }
  try {
    const call = await callOf(wire, outgoing)
    try {
      const responses = wire.handler(outgoing.request, call) as AsyncIterable<unknown>
      for await (const response of responses) {
        if (call.signal.aborted) break
        if (!outgoing.write(response)) await Promise.race([once(outgoing, 'drain'), aborted(call.signal)])
      }
      outgoing.end()
      answered('ok')
    } catch (thrown) {
      refuse(tellable(thrown, call))
    }
  } catch (refused) {
    refuse(SallyportError.from(refused))
  }
}

/** A call is part of its caller's trace. It begins none: what asks every second would fill a collector. */
const spanOf = ({ method, options: { tracing } }: Wire, incoming: Incoming): Span<'answer'> | undefined =>
  tracing?.resume(metadataText(incoming, metadataKeys.traceparent), 'answer', spanAttributesOf(method))

type Answered = (outcome: ErrorCode | 'ok') => void

/** Counts one answer, and ends its span. Streams last as long as somebody listens, which says nothing about us. */
const measured = ({ method, options: { meter } }: Wire, span: Span<'answer'> | undefined): Answered => {
  const begun = performance.now()
  const labels = { method: method.path.slice(method.path.lastIndexOf('.') + 1) }
  return outcome => {
    meter?.count('sallyport_rpc_requests_total', { ...labels, outcome })
    if (!method.responseStream)
      meter?.time('sallyport_rpc_request_seconds', (performance.now() - begun) / 1000, labels)
    if (outcome !== 'ok') span?.fail(outcome)
    span?.[Symbol.dispose]()
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
    callerToken: claimed.callerToken,
    method: method.path,
    requestId,
    idempotencyKey: metadataText(incoming, metadataKeys.idempotencyKey),
    signal: signalOf(incoming),
    log,
  })
}

/** What the caller may know of a failure; the rest is in the log. */
const tellable = (thrown: unknown, call: Call): SallyportError => {
  const error = SallyportError.from(thrown)
  if (error.code === 'internal') {
    call.log.error({ err: error.cause ?? error }, 'A call failed unexpectedly')
    return new SallyportError('internal', `Internal error ${call.requestId}`)
  }
  call.log.info({ reason: error.reason, err: error.cause }, 'A call was answered with an error')
  return error
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
