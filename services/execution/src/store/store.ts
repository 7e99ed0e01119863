import { tenantTransaction } from '@sallyport/database/transaction'
import type { Prisma, PrismaClient } from '../generated/prisma/client.ts'

export type Tx = Prisma.TransactionClient

/** Transactions that see one tenant. */
export type Store = { inTenant<R>(tenantId: string, work: (tx: Tx) => Promise<R>): Promise<R> }

export const createStore = (prisma: PrismaClient): Store => ({
  inTenant: (tenantId, work) => tenantTransaction(prisma, tenantId, work),
})
