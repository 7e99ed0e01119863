import type { Call } from './call.ts'
import type { Method, RequestOf, ResponseOf, ServiceDefinition } from './definition.ts'
import type { MethodTable } from './methods.ts'

/** A method's implementation: one answer, or for a streaming response many. */
export type Handler<M extends Method> = M['responseStream'] extends true
  ? (request: RequestOf<M>, call: Call) => AsyncIterable<ResponseOf<M>>
  : (request: RequestOf<M>, call: Call) => Promise<ResponseOf<M>>

export type Handlers<D extends ServiceDefinition> = { readonly [K in keyof D]: Handler<D[K]> }

/** A gRPC service with its rows and its handlers, types forgotten. Made by `bind` only. */
export type Binding = {
  readonly definition: ServiceDefinition
  readonly table: MethodTable<ServiceDefinition>
  readonly handlers: Readonly<Record<string, UntypedHandler>>
}

export type UntypedHandler = (request: unknown, call: Call) => Promise<unknown> | AsyncIterable<unknown>

/** Joins a contract with its method table and handlers; the compiler checks that all three agree. */
export const bind = <D extends ServiceDefinition>(
  definition: D,
  table: MethodTable<D>,
  handlers: Handlers<D>,
): Binding => ({
  definition,
  table,
  // The pairing of request types with handlers was checked by the signature above.
  handlers: handlers as unknown as Binding['handlers'],
})
