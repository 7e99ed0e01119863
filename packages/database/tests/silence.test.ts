import { setTimeout as pause } from 'node:timers/promises'
import { type Cable, layCable } from '@sallyport/testing/cable'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPool } from '../src/pool.ts'
import { endWhenSilent } from '../src/silence.ts'
import { pgTransaction } from '../src/transaction.ts'

const silentMs = 300

describe('a connection whose other end has gone without a word', () => {
  let db: TestDatabase
  let cable: Cable
  beforeAll(async () => {
    db = await testDatabase('vault')
    cable = await layCable(Number(new URL(db.adminUrl).port))
  })
  afterAll(async () => {
    await cable[Symbol.asyncDispose]()
    await db[Symbol.asyncDispose]()
  })

  const through = (): string => {
    const url = new URL(db.adminUrl)
    url.port = `${cable.port}`
    return url.href
  }
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: through() })
    client.on('error', () => {})
    await client.connect()
    endWhenSilent(client, silentMs)
    return client
  }

  it('ends, and the question with it', async () => {
    const client = await connect()
    cable.silence()
    await expect(client.query('select 1')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('ends in the middle of an answer', async () => {
    const client = await connect()
    client.connection.once('dataRow', () => cable.silence())
    const rows = 'select repeat(chr(65), 1000) from generate_series(1, 100000)'
    await expect(client.query(rows)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('stays while nobody asks anything, and while answers come', async () => {
    const client = await connect()
    await pause(3 * silentMs)
    const { rows } = await client.query<{ one: number }>('select 1 as one')
    for (let time = 0; time < 5; time += 1) await client.query(`select pg_sleep(${silentMs / 2_000})`)
    expect(rows).toEqual([{ one: 1 }])
    await client.end()
  })

  it('is replaced in its pool', async () => {
    await using pool = openPool({ url: through(), applicationName: 'test', max: 2, silentMs })
    await Promise.all([pool.query('select pg_sleep(0.1)'), pool.query('select pg_sleep(0.1)')])
    cable.silence()
    const asked = await Promise.allSettled([pool.query('select 1'), pool.query('select 1')])
    const { rows } = await pool.query<{ one: number }>('select 1 as one')
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(rows).toEqual([{ one: 1 }])
  })
})

it('a process that stood still in the middle of a transaction is told that it must try again', async () => {
  await using db = await testDatabase('vault')
  await using pool = openPool({ url: db.adminUrl, applicationName: 'test', max: 1 })
  const attempt = pgTransaction(pool, async sql => {
    await sql.query(`select set_config('idle_in_transaction_session_timeout', '50', true)`, [])
    // As under SIGSTOP: it asks on before it hears what came meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
    await sql.query('select 1', [])
  })
  await expect(attempt).rejects.toMatchObject({ reason: 'service.unavailable' })
  expect(await pgTransaction(pool, sql => sql.query('select 1 as one', []))).toEqual([{ one: 1 }])
})
