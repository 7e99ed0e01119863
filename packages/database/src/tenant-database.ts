import type { Pool as PgPool } from 'pg'
import { openPool, type Pool } from './pool.ts'
import { type PrismaEngine, readied } from './prisma.ts'
import type { RawTransaction, Sql } from './sql.ts'
import {
  pgTenantTransaction,
  pgTransaction,
  type TransactionalClient,
  tenantTransaction,
} from './transaction.ts'

/** A service's own data: one tenant at a time for requests, all tenants for looking for due work. */
export type TenantDatabase<Tx> = AsyncDisposable & {
  /** A transaction that sees one tenant, for everyday queries. */
  readonly inTenant: <R>(tenantId: string, work: (tx: Tx) => Promise<R>) => Promise<R>
  /** The same as plain SQL, where locks or throughput matter. */
  readonly sqlInTenant: <R>(tenantId: string, work: (sql: Sql) => Promise<R>) => Promise<R>
  /** A transaction as the worker role: it may look for due work in all tenants, and do none of it. */
  readonly asWorker: <R>(work: (sql: Sql) => Promise<R>) => Promise<R>
  /** For the outbox relay. */
  readonly workerPool: Pool
}

type Prisma<Tx> = TransactionalClient<Tx> & PrismaEngine & { readonly $disconnect: () => Promise<void> }

export type TenantDatabaseOptions<Tx> = {
  readonly appUrl: string
  readonly workerUrl: string
  /** The service's name, as PostgreSQL lists it. */
  readonly applicationName: string
  /** Makes the service's generated client on the app role's pool. */
  readonly createClient: (pool: PgPool) => Prisma<Tx>
  readonly onError: (error: Error) => void
}

/** Opens a service's database as its two roles, whether it can be reached now or not. */
export const openTenantDatabase = async <Tx extends RawTransaction>({
  appUrl,
  workerUrl,
  applicationName,
  createClient,
  onError,
}: TenantDatabaseOptions<Tx>): Promise<TenantDatabase<Tx>> => {
  const appPool = openPool({ url: appUrl, applicationName, max: 10, onError })
  const workerPool = openPool({
    url: workerUrl,
    applicationName: `${applicationName} worker`,
    max: 3,
    onError,
  })
  const prisma = await readied(createClient(appPool))
  return {
    inTenant: (tenantId, work) => tenantTransaction(prisma, tenantId, work),
    sqlInTenant: (tenantId, work) => pgTenantTransaction(appPool, tenantId, work),
    asWorker: work => pgTransaction(workerPool, work),
    workerPool,
    [Symbol.asyncDispose]: async () => {
      await prisma.$disconnect()
      await Promise.all([appPool[Symbol.asyncDispose](), workerPool[Symbol.asyncDispose]()])
    },
  }
}
