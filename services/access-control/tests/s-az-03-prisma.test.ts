import { randomUUID } from 'node:crypto'
import { prismaAdapter } from '@sallyport/database/prisma'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PrismaClient } from '../src/generated/prisma/client.ts'
import { createStore, type Store } from '../src/store/store.ts'

const tenants = [randomUUID(), randomUUID(), randomUUID()]
const stack = new AsyncDisposableStack()
let prisma: PrismaClient
let store: Store

beforeAll(async () => {
  const db: TestDatabase = stack.use(await testDatabase('access_control'))
  prisma = new PrismaClient({ adapter: prismaAdapter(db.appPool, 'access_control') })
  stack.defer(() => prisma.$disconnect())
  store = createStore(prisma, db.appPool)
  for (const id of tenants) {
    await db.adminPool.query(
      "insert into access_control.tenants values ($1, $2, '', false, false, 1, now())",
      [id, id],
    )
    const group = {
      id: randomUUID(),
      name: 'g',
      description: '',
      userIds: [],
      version: 1,
      createdAt: new Date(0),
    }
    await store.inTenant(id, tx => tx.userGroup.create({ data: { ...group, tenantId: id } }))
  }
})
afterAll(() => stack.disposeAsync())

describe('S-AZ-03: a connection that Prisma takes from the pool', () => {
  it('shows each tenant its own rows, and nobody’s to whoever names no tenant', async () => {
    const times = counted(5_000, 100)
    const kinds = [store.inTenant, store.ending, store.granting]
    const once = async (n: number): Promise<void> => {
      const tenantId = tenants[n % tenants.length] ?? ''
      const work = (kinds[n % kinds.length] ?? store.inTenant)(tenantId, async tx => {
        const rows = await tx.userGroup.findMany()
        expect(rows.map(row => row.tenantId)).toEqual([tenantId])
        if (n % 5 === 0) throw new Error('undone')
      })
      await (n % 5 === 0 ? expect(work).rejects.toThrow() : work)
      expect(await prisma.userGroup.findMany()).toEqual([])
    }
    for (let from = 0; from < times; from += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, n) => once(from + n)))
    }
    figure('S-AZ-03', `${2 * times} queries through Prisma, 0 foreign rows`)
  }, 300_000)
})
