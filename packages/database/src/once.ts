import { type Codec, type Once, runOnce } from './idempotency.ts'
import type { Sql } from './sql.ts'

/** What it needs of the call that is answered. */
type Call = Pick<Once, 'method' | 'audited'> & {
  readonly caller: { readonly tenantId: string; readonly userId: string }
  readonly idempotencyKey: string | undefined
}

/** What ts-proto generates for a message, as far as it is needed here. */
export type Message<T> = { encode(message: T): { finish(): Uint8Array }; decode(bytes: Uint8Array): T }

type Exchange<Q, R> = {
  readonly request: Q
  readonly requestType: Message<Q>
  /** Undefined: the answer holds a secret and is not kept; a repetition is refused. */
  readonly responseType: Message<R> | undefined
}

const codecOf = <T>(type: Message<T>): Codec<T> => ({
  encode: message => type.encode(message).finish(),
  decode: bytes => type.decode(bytes),
})

/**
 * Does what a call asks for at most once for its Idempotency-Key, and answers a repetition with the first answer. Must
 * be called in the transaction, of the caller's tenant, in which the work makes its change.
 * @throws SallyportError `idempotency.conflict` if the key was used with another request
 */
export const once = <Q, R>(
  sql: Sql,
  call: Call,
  { request, requestType, responseType }: Exchange<Q, R>,
  work: () => Promise<R>,
): Promise<R> => {
  const { tenantId, userId: subjectId } = call.caller
  const { idempotencyKey: key, method, audited } = call
  const bytes = requestType.encode(request).finish()
  const identity = { tenantId, subjectId, key, method, request: bytes, audited }
  return runOnce(sql, identity, responseType && codecOf(responseType), work)
}
