import { prismaAdapter } from '@sallyport/database/prisma'
import {
  openTenantDatabase,
  type TenantDatabase,
  type TenantDatabaseOptions,
} from '@sallyport/database/tenant-database'
import { type Prisma, PrismaClient } from '../generated/prisma/client.ts'

/** One tenant's transaction, for everyday queries. */
export type Tx = Prisma.TransactionClient

export type Database = TenantDatabase<Tx>

type Options = Pick<TenantDatabaseOptions<Tx>, 'appUrl' | 'workerUrl' | 'onError'>

export const openDatabase = (options: Options): Promise<Database> =>
  openTenantDatabase<Tx>({
    ...options,
    applicationName: 'session-proxy',
    createClient: pool => new PrismaClient({ adapter: prismaAdapter(pool, 'session_proxy') }),
  })
