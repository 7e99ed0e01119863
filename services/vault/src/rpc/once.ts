import { type Codec, runOnce } from '@sallyport/database/idempotency'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import type { Tx } from '../store/database.ts'

/** What ts-proto generates for a message, as far as it is needed here. */
type Message<T> = { encode: (message: T) => { finish(): Uint8Array }; decode: (bytes: Uint8Array) => T }

const codecOf = <T>({ encode, decode }: Message<T>): Codec<T> => ({
  encode: message => encode(message).finish(),
  decode,
})

type Exchange<Q, R> = { request: Q; requestType: Message<Q>; responseType: Message<R> }

/** Runs a write at most once for the call's Idempotency-Key, in the write's own transaction. */
export const once = <Q, R>(
  call: Call,
  tx: Tx,
  { request, requestType, responseType }: Exchange<Q, R>,
  work: () => Promise<R>,
): Promise<R> => {
  const { tenantId, userId } = call.caller
  const identity = { tenantId, subjectId: userId, key: call.idempotencyKey, method: call.method }
  const encoded = requestType.encode(request).finish()
  return runOnce(
    sqlOf(tx),
    { ...identity, request: encoded, audited: call.audited },
    codecOf(responseType),
    work,
  )
}
