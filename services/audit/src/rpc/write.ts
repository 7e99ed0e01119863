import type { Pool } from '@sallyport/database/pool'
import type { Sql } from '@sallyport/database/sql'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { Call } from '@sallyport/rpc/call'
import { type Message, once } from '@sallyport/database/once'

/** Makes a change for the caller, once for each Idempotency-Key, in one transaction of the caller's tenant. */
export const write = <Q, R>(
  pool: Pool,
  call: Call,
  [request, requestType]: readonly [Q, Message<Q>],
  responseType: Message<R>,
  work: (sql: Sql) => Promise<R>,
): Promise<R> =>
  pgTenantTransaction(pool, call.caller.tenantId, sql =>
    once(sql, call, { request, requestType, responseType }, () => work(sql)),
  )
