import { randomUUID } from 'node:crypto'
import { openPool } from '@sallyport/database/pool'
import { prismaAdapter } from '@sallyport/database/prisma'
import { isTransient } from '@sallyport/events/transient'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PrismaClient } from '../src/generated/prisma/client.ts'
import { createStore } from '../src/store/store.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase('access_control')
})
afterAll(() => db[Symbol.asyncDispose]())

/** What writing through Prisma fails with, over new connections. */
const failureAt = async (url: string): Promise<unknown> => {
  await using pool = openPool({ url, applicationName: 'test' })
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, 'access_control') })
  const write = createStore(prisma, pool).inTenant(randomUUID(), tx => tx.userGroup.deleteMany({}))
  return await write.then(
    () => undefined,
    (failure: unknown) => failure,
  )
}

describe('What Prisma says of a database', () => {
  it('that does not let us in is told as unavailable, and events wait for it', async () => {
    const url = new URL(db.url('app'))
    url.password = 'as it was before'
    const failure = await failureAt(url.href)
    expect(failure).toMatchObject({ reason: 'service.unavailable' })
    expect(isTransient(failure)).toBe(true)
  })

  it('that only reads, as a standby, is told as unavailable, and events wait for it', async () => {
    const name = new URL(db.adminUrl).pathname.slice(1)
    await db.adminPool.query(`alter database "${name}" set default_transaction_read_only = on`)
    const failure = await failureAt(db.url('app'))
    expect(failure).toMatchObject({ reason: 'service.unavailable' })
    expect(isTransient(failure)).toBe(true)
  })
})
