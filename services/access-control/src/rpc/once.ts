import { runOnce } from '@sallyport/database/idempotency'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import type { Tx } from '../store/store.ts'

/** What ts-proto generates for a message. */
type Message<M> = { encode(message: M): { finish(): Uint8Array }; decode(bytes: Uint8Array): M }

/** Runs a handler's work once for the call's idempotency key. `answer` undefined: it holds a secret, and is not kept. */
export const once = <Q, R>(
  tx: Tx,
  call: Call,
  request: { type: Message<Q>; value: Q },
  answer: Message<R> | undefined,
  work: () => Promise<R>,
): Promise<R> =>
  runOnce(
    sqlOf(tx),
    {
      tenantId: call.caller.tenantId,
      subjectId: call.caller.userId,
      key: call.idempotencyKey,
      method: call.method,
      request: request.type.encode(request.value).finish(),
      audited: call.audited,
    },
    answer && { encode: message => answer.encode(message).finish(), decode: bytes => answer.decode(bytes) },
    work,
  )
