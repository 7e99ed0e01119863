import { type Codec, runOnce } from '@sallyport/database/idempotency'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import type { Store, Tx } from '../store/store.ts'

type Message<T> = {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}

/** Makes a change for the caller, once for each Idempotency-Key, in one transaction of the caller's tenant. */
export const write = <Q, R>(
  store: Store,
  call: Call,
  [request, requestType]: readonly [Q, Message<Q>],
  responseType: Message<R>,
  work: (tx: Tx) => Promise<R>,
): Promise<R> => {
  const { tenantId, userId: subjectId } = call.caller
  const once = {
    tenantId,
    subjectId,
    key: call.idempotencyKey,
    method: call.method,
    request: requestType.encode(request).finish(),
    audited: call.audited,
  }
  return store.inTenant(tenantId, tx => runOnce(sqlOf(tx), once, codecOf(responseType), () => work(tx)))
}

const codecOf = <R>(type: Message<R>): Codec<R> => ({
  encode: message => type.encode(message).finish(),
  decode: bytes => type.decode(bytes),
})
