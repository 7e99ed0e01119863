import { SallyportError } from '@sallyport/errors/error'
import { inSpan } from '@sallyport/telemetry/span'
import type { Pool, PoolClient } from 'pg'
import { translateFailure } from './failure.ts'
import { type RawTransaction, type Sql, sqlOfPg } from './sql.ts'

type TransactionOptions = { maxWait: number; timeout: number }

/** What this module needs of a Prisma client. */
export type TransactionalClient<Tx> = {
  readonly $transaction: <R>(work: (tx: Tx) => Promise<R>, options?: TransactionOptions) => Promise<R>
}

/** Neither statements nor parameters are told. */
const ofPostgres = { 'db.system.name': 'postgresql' } as const

const setTenant = "select set_config('app.tenant_id', $1, true)"

/** A connection must come within 5 s, and the work end within 10 s. */
const limits: TransactionOptions = { maxWait: 5_000, timeout: 10_000 }

/**
 * Runs work in one Prisma transaction that sees one tenant only: row-level security reads `app.tenant_id`.
 * Nothing slow belongs inside: no network, no hashing.
 * @throws SallyportError `service.unavailable` if the database cannot be reached
 */
export const tenantTransaction = <Tx extends RawTransaction, R>(
  prisma: TransactionalClient<Tx>,
  tenantId: string,
  work: (tx: Tx) => Promise<R>,
): Promise<R> =>
  inSpan('transaction', ofPostgres, async () => {
    try {
      return await prisma.$transaction(async tx => {
        await tx.$queryRawUnsafe(setTenant, tenantId)
        return work(tx)
      }, limits)
    } catch (thrown) {
      throw translateFailure(thrown)
    }
  })

/** The same on `pg` directly, for hot paths. */
export const pgTenantTransaction = <R>(
  pool: Pool,
  tenantId: string,
  work: (sql: Sql) => Promise<R>,
): Promise<R> =>
  // In one go: to begin and to say for whom are one way to the server and back, not two.
  transaction(
    pool,
    client => `begin; select set_config('app.tenant_id', ${client.escapeLiteral(tenantId)}, true)`,
    work,
  )

/** Runs work in one transaction without a tenant: under row-level security it sees no tenant's rows. */
export const pgTransaction = <R>(pool: Pool, work: (sql: Sql) => Promise<R>): Promise<R> =>
  transaction(pool, () => 'begin', work)

const transaction = <R>(
  pool: Pool,
  begin: (client: PoolClient) => string,
  work: (sql: Sql) => Promise<R>,
): Promise<R> => inSpan('transaction', ofPostgres, () => runTransaction(pool, begin, work))

const runTransaction = async <R>(
  pool: Pool,
  begin: (client: PoolClient) => string,
  work: (sql: Sql) => Promise<R>,
): Promise<R> => {
  let client: PoolClient | undefined
  try {
    client = await connectionOf(pool)
    await client.query(begin(client))
    const result = await work(sqlOfPg(client))
    await client.query('commit')
    client.release()
    return result
  } catch (thrown) {
    await abandon(client)
    throw translateFailure(thrown)
  }
}

/** Whatever the reason is that there is none, it lies with no one who asks: a password that just changed, say. */
const connectionOf = async (pool: Pool): Promise<PoolClient> => {
  try {
    return await pool.connect()
  } catch (cause) {
    throw new SallyportError('service.unavailable', undefined, { cause })
  }
}

/** A connection whose rollback fails is broken, and must not go back to the pool. */
const abandon = async (client: PoolClient | undefined): Promise<void> => {
  const failure = await client?.query('rollback').then(
    () => undefined,
    (error: Error) => error,
  )
  client?.release(failure)
}
