import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { type Message, once } from '@sallyport/database/once'
import type { Store, Tx } from '../store/store.ts'

/** Makes a change for the caller, once for each Idempotency-Key, in one transaction of the caller's tenant. */
export const write = <Q, R>(
  store: Store,
  call: Call,
  [request, requestType]: readonly [Q, Message<Q>],
  responseType: Message<R>,
  work: (tx: Tx) => Promise<R>,
): Promise<R> =>
  store.inTenant(call.caller.tenantId, tx =>
    once(sqlOf(tx), call, { request, requestType, responseType }, () => work(tx)),
  )
