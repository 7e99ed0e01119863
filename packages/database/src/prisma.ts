import { PrismaPg } from '@prisma/adapter-pg'
import type { Pool } from 'pg'

/** The adapter that a service's generated Prisma client takes, on a pool that the service owns. */
export const prismaAdapter = (pool: Pool, schema: string): PrismaPg =>
  new PrismaPg(pool, { schema, onPoolError: () => {} })

/** What this module needs of a Prisma client. */
export type PrismaEngine = { readonly $connect: () => Promise<void> }

/**
 * Reads what a client works with, before anybody waits for it: on a busy machine those 50 ms of processor time, in which
 * the process does nothing else, are enough for a caller to take it as gone. Asks nothing of the database.
 */
export const readied = async <P extends PrismaEngine>(prisma: P): Promise<P> => {
  await prisma.$connect()
  return prisma
}
