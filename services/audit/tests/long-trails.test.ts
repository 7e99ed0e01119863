import { openPool, type Pool } from '@sallyport/database/pool'
import type { Sql } from '@sallyport/database/sql'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { rowsReadBy } from '@sallyport/testing/rows-read'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acceptEvent } from '../src/events/accept.ts'
import { appendRecords } from '../src/store/append-records.ts'
import { databaseTrail } from '../src/store/database-trail.ts'
import { recordsAfter } from '../src/store/records.ts'
import { intakes, newTenant, type TrailFixture, trailFixture } from './fixtures.ts'

const length = 6_000

/** How many records are read for some work in one transaction. */
const readBy = (pool: Pool, tenantId: string, work: (sql: Sql) => Promise<unknown>): Promise<number> =>
  pgTenantTransaction(pool, tenantId, sql => rowsReadBy(sql, 'audit.records', () => work(sql)))

describe.each([
  ['since PostgreSQL last counted', true],
  ['before PostgreSQL counted at all', false],
])('A trail that became long %s', (_, isCounted) => {
  const tenantId = newTenant()
  let trail: TrailFixture

  beforeAll(async () => {
    trail = await trailFixture()
    await trail.record(Array.from({ length: 50 }, () => intakes(newTenant(), 4)).flat())
    if (isCounted) await trail.db.adminPool.query('analyze audit.records')
    for (let from = 0; from < length; from += 500) await trail.record(intakes(tenantId, 500))
  })
  afterAll(() => trail[Symbol.asyncDispose]())

  it('is added to without being read', async () => {
    const records = intakes(tenantId, 100).map(acceptEvent)
    const mac = trail.keys.macOf(tenantId)
    const read = await readBy(trail.db.appPool, tenantId, sql =>
      appendRecords(sql, tenantId, records, { mac, recordedAt: new Date() }),
    )
    expect(read).toBeLessThan(records.length)
  })

  it('is forwarded by the batch', async () => {
    const read = await readBy(trail.db.appPool, tenantId, async sql =>
      expect(await recordsAfter(sql, tenantId, 10, 1_000)).toHaveLength(1_000),
    )
    expect(read).toBeGreaterThanOrEqual(1_000)
    expect(read).toBeLessThan(1_500)
  })

  it('is verified page by page, each record read once', async () => {
    await using pool = openPool({ url: trail.db.url('app'), applicationName: 'test', max: 1 })
    const readEver = async (): Promise<number> => {
      // What a connection has read is told when it has time, unless it is asked to.
      await pool.query('select pg_stat_force_next_flush()')
      const { rows } = await pool.query<{ rows: string }>(
        `select seq_tup_read + idx_tup_fetch as rows from pg_stat_user_tables where relname = 'records'`,
      )
      return Number(rows[0]?.rows)
    }
    const before = await readEver()
    let walked = 0
    for await (const _ of databaseTrail(pool).rows(tenantId)) walked += 1
    expect(walked).toBeGreaterThanOrEqual(length)
    const read = (await readEver()) - before
    expect(read).toBeGreaterThanOrEqual(walked)
    expect(read).toBeLessThan(walked * 1.1)
  })
})
