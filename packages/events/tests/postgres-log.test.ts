import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { testDatabase, type TestDatabase } from '@sallyport/testing/postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPostgresLog, pruneLog } from '../src/postgres-log.ts'
import { driverContract } from './driver-contract.ts'
import { quiet } from './fixtures.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase('event_log', join(import.meta.dirname, '../prisma/migrations'))
})
afterAll(() => db[Symbol.asyncDispose]())

const open = () => openPostgresLog({ connection: { connectionString: db.url('app') }, log: quiet })

driverContract('The PostgreSQL log', open)

const publish = async (topic: string, id: string = randomUUID()): Promise<void> => {
  await using driver = open()
  const tenantId = randomUUID()
  await driver.publish([
    { id, topic, key: 'k', tenantId, type: 'T', source: 's', time: new Date(), payload: Buffer.alloc(1) },
  ])
}

const count = async (topic: string): Promise<number> => {
  const { rows } = await db.adminPool.query('select from event_log.records where topic = $1', [topic])
  return rows.length
}

describe('The PostgreSQL log', () => {
  it('keeps one record when a relay publishes the same id twice', async () => {
    const [topic, id] = [randomUUID(), randomUUID()]
    await publish(topic, id)
    await publish(topic, id)
    expect(await count(topic)).toBe(1)
  })

  it('cannot be rewritten by the role that uses it', async () => {
    const change = db.appPool.query(`update event_log.records set payload = ''`)
    await expect(change).rejects.toThrow(/permission denied/)
  })

  it('prunes what is old, but nothing that a group has yet to see', async () => {
    const [seen, unseen] = [randomUUID(), randomUUID()]
    await publish(seen)
    await publish(unseen)
    await db.adminPool.query(`insert into event_log.offsets values ('g', $1, 0)`, [unseen])
    await db.adminPool.query(`update event_log.records set created_at = now() - interval '8 days'`)
    await pruneLog(db.appPool, 7)
    expect(await count(seen)).toBe(0)
    expect(await count(unseen)).toBe(1)
  })

  it('reconnects when PostgreSQL cuts its connections', async () => {
    await using driver = open()
    const topic = randomUUID()
    const seen: string[] = []
    const controller = new AbortController()
    const done = driver.subscribe({
      group: 'g',
      topics: [topic],
      signal: controller.signal,
      handle: async records => {
        for (const { id } of records) seen.push(id)
      },
    })
    await publish(topic)
    await expect.poll(() => seen.length).toBe(1)
    const admin = new pg.Client({ connectionString: db.adminUrl })
    await admin.connect()
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sallyport_event_log' and datname = current_database()`,
    )
    await admin.end()
    await publish(topic)
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(2)
    controller.abort()
    await done
  })
})
