import { openPool, type Pool } from '@sallyport/database/pool'
import { prismaAdapter } from '@sallyport/database/prisma'
import type { Sql } from '@sallyport/database/sql'
import { pgTenantTransaction, pgTransaction, tenantTransaction } from '@sallyport/database/transaction'
import { type Prisma, PrismaClient } from '../generated/prisma/client.ts'

/** One tenant's transaction, for everyday queries. */
export type Tx = Prisma.TransactionClient

export type Database = AsyncDisposable & {
  /** A transaction that sees one tenant. */
  readonly inTenant: <R>(tenantId: string, work: (tx: Tx) => Promise<R>) => Promise<R>
  /** The same as plain SQL, on the way of every session. */
  readonly sqlInTenant: <R>(tenantId: string, work: (sql: Sql) => Promise<R>) => Promise<R>
  /** A transaction as the worker role: it may find what this node must end, in all tenants. */
  readonly asWorker: <R>(work: (sql: Sql) => Promise<R>) => Promise<R>
  /** For the outbox relay. */
  readonly workerPool: Pool
}

type Options = {
  readonly appUrl: string
  readonly workerUrl: string
  readonly onError: (error: Error) => void
}

export const openDatabase = ({ appUrl, workerUrl, onError }: Options): Database => {
  const appPool = openPool({ url: appUrl, applicationName: 'session-proxy', max: 10, onError })
  const workerPool = openPool({ url: workerUrl, applicationName: 'session-proxy worker', max: 3, onError })
  const prisma = new PrismaClient({ adapter: prismaAdapter(appPool, 'session_proxy') })
  return {
    inTenant: <R>(tenantId: string, work: (tx: Tx) => Promise<R>) =>
      tenantTransaction<Tx, R>(prisma, tenantId, work),
    sqlInTenant: (tenantId, work) => pgTenantTransaction(appPool, tenantId, work),
    asWorker: work => pgTransaction(workerPool, work),
    workerPool,
    [Symbol.asyncDispose]: async () => {
      await prisma.$disconnect()
      await Promise.all([appPool[Symbol.asyncDispose](), workerPool[Symbol.asyncDispose]()])
    },
  }
}
