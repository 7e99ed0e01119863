import type { Pool } from '@sallyport/database/pool'
import { type Sql, sqlOf } from '@sallyport/database/sql'
import { pgTenantTransaction, tenantTransaction } from '@sallyport/database/transaction'
import type { Prisma, PrismaClient } from '../generated/prisma/client.ts'

export type Tx = Prisma.TransactionClient

type Work<R> = (tx: Tx) => Promise<R>

/**
 * The three kinds of transaction. Each sees one tenant.
 *
 * INVARIANT: nothing is granted from a state that is ending. Whoever ends something holds the tenant's lock alone;
 * whoever grants shares it, and reads the state after it has it. So a grant is either issued before the end, and ended
 * with the rest, or it is decided on what the end has left.
 */
export type Store = {
  inTenant<R>(tenantId: string, work: Work<R>): Promise<R>
  ending<R>(tenantId: string, work: Work<R>): Promise<R>
  granting<R>(tenantId: string, work: Work<R>): Promise<R>
  /** Like `inTenant`, past Prisma: for the two questions that every call of the platform asks. */
  asking<R>(tenantId: string, work: (sql: Sql) => Promise<R>): Promise<R>
  /** What belongs to no tenant: tenants themselves and signing keys. */
  readonly platform: Pick<PrismaClient, 'tenant' | 'signingKey' | '$transaction'>
}

export const createStore = (prisma: PrismaClient, pool: Pool): Store => {
  const locked =
    (lock: string) =>
    <R>(tenantId: string, work: Work<R>): Promise<R> =>
      tenantTransaction(prisma, tenantId, async (tx: Tx) => {
        await sqlOf(tx).query(`select from (select ${lock}(hashtextextended($1, 1))) lock`, [tenantId])
        return work(tx)
      })
  return {
    inTenant: (tenantId, work) => tenantTransaction(prisma, tenantId, work),
    ending: locked('pg_advisory_xact_lock'),
    granting: locked('pg_advisory_xact_lock_shared'),
    asking: (tenantId, work) => pgTenantTransaction(pool, tenantId, work),
    platform: prisma,
  }
}
