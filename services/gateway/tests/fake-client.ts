import { SallyportError } from '@sallyport/errors/error'
import type { RequestOptions, RpcClient } from '@sallyport/rpc/client'
import type { Method, ServiceDefinition } from '@sallyport/rpc/definition'

export type Call = { readonly method: string; readonly request: unknown; readonly options: RequestOptions }

/** Answers by `Service/Method`; one that is missing answers that there is no such object. */
export type Answers = Readonly<Record<string, (call: Call) => unknown>>

/** A client in place of a connection: records each call, and sends messages through their encoding both ways. */
export const fakeClient = <D extends ServiceDefinition>(
  definition: D,
  answers: () => Answers,
  calls: Call[],
): RpcClient<D> => {
  const call = (wire: Method, request: never, options: RequestOptions): unknown => {
    const method = wire.path.slice(wire.path.lastIndexOf('.') + 1)
    const made = { method, request: wire.requestDeserialize(wire.requestSerialize(request)), options }
    calls.push(made)
    const answer = answers()[method]
    if (!answer) throw new SallyportError('object.not_found')
    return answer(made)
  }
  const methods = Object.entries(definition).map(([name, wire]) => [
    name,
    wire.responseStream
      ? async function* (request: never, options: RequestOptions): AsyncGenerator {
          for await (const message of call(wire, request, options) as AsyncIterable<unknown>) yield message
        }
      : async (request: never, options: RequestOptions): Promise<unknown> => {
          const message = await call(wire, request, options)
          return wire.responseDeserialize(wire.responseSerialize(message as never))
        },
  ])
  // Built from the definition's own entries, so the names and types are those of D.
  return Object.fromEntries(methods) as RpcClient<D>
}
