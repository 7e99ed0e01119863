import { PrismaPg } from '@prisma/adapter-pg'
import type { Pool } from 'pg'

/** The adapter that a service's generated Prisma client takes, on a pool that the service owns. */
export const prismaAdapter = (pool: Pool, schema: string): PrismaPg =>
  new PrismaPg(pool, { schema, onPoolError: () => {} })
