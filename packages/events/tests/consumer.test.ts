import { randomUUID } from 'node:crypto'
import type { Sql } from '@sallyport/database/sql'
import { pgTransaction } from '@sallyport/database/transaction'
import { SallyportError } from '@sallyport/errors/error'
import { eventually } from '@sallyport/testing/eventually'
import type { TestDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Consumer, consume } from '../src/consumer.ts'
import { listDeadLetters, orderReplay } from '../src/dead-letters.ts'
import type { EventRecord } from '../src/event-record.ts'
import { type FakeDriver, fakeDriver, outboxDatabase, quiet } from './fixtures.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await outboxDatabase()
})
afterAll(() => db[Symbol.asyncDispose]())

const event = (type: string): EventRecord => ({
  id: randomUUID(),
  topic: 't',
  key: 'k',
  tenantId: randomUUID(),
  type,
  source: 'sallyport/test',
  time: new Date(),
  payload: Buffer.from('payload'),
})

const note = (sql: Sql, { id, type }: EventRecord): Promise<unknown> =>
  sql.query('insert into applied values ($1::uuid, $2)', [id, type])

const notes = async ({ id }: EventRecord): Promise<number> =>
  (await db.adminPool.query('select from vault.applied where event_id = $1', [id])).rows.length

const deadLetterOf = async ({ id }: EventRecord): Promise<{ cause: string } | undefined> =>
  (await db.workerPool.query<{ cause: string }>('select cause from dead_letters where event_id = $1', [id]))
    .rows[0]

type Started = { readonly driver: FakeDriver; readonly stop: () => Promise<void> }

const start = (
  handlers: Consumer<Sql>['handlers'],
  group = 'group',
  withTransaction: Consumer<Sql>['withTransaction'] = (_tenantId, work) => pgTransaction(db.appPool, work),
): Started => {
  const driver = fakeDriver()
  const controller = new AbortController()
  const done = consume<Sql>({
    driver,
    group,
    topics: ['t'],
    handlers,
    withTransaction,
    sqlOf: sql => sql,
    workerPool: db.workerPool,
    log: quiet,
    signal: controller.signal,
    retryMs: 1,
    replayPollMs: 10,
  })
  return {
    driver,
    stop: async () => {
      controller.abort()
      await done
    },
  }
}

describe('A consumer', () => {
  it('applies an event once, however often it comes', async () => {
    const consumer = start({ Good: async (got, sql) => void (await note(sql, got)) })
    const good = event('Good')
    await consumer.driver.deliver([good, good])
    await consumer.driver.deliver([good])
    expect(await notes(good)).toBe(1)
    await consumer.stop()
  })

  it('applies an event once for each group', async () => {
    const handlers: Consumer<Sql>['handlers'] = { Good: async (got, sql) => void (await note(sql, got)) }
    const consumers = [start(handlers, 'one'), start(handlers, 'two')]
    const good = event('Good')
    for (const { driver } of consumers) await driver.deliver([good])
    expect(await notes(good)).toBe(2)
    await Promise.all(consumers.map(({ stop }) => stop()))
  })

  it('ignores types that it does not know, and names that every object has', async () => {
    const consumer = start({})
    await consumer.driver.deliver([event('FromTheFuture'), event('constructor'), event('__proto__')])
    await consumer.stop()
  })

  it('rolls the effect back with the note, and tries again', async () => {
    let failures = 2
    const consumer = start({
      Flaky: async (got, sql) => {
        await note(sql, got)
        if (failures-- > 0) throw new Error('half way')
      },
    })
    const flaky = event('Flaky')
    await consumer.driver.deliver([flaky])
    expect(await notes(flaky)).toBe(1)
    expect(await deadLetterOf(flaky)).toBeUndefined()
    await consumer.stop()
  })

  it('sets a poisoned event aside with its cause and goes on', async () => {
    let tries = 0
    const consumer = start({
      Poison: async () => {
        tries += 1
        throw new TypeError('cannot read this')
      },
      Good: async (got, sql) => void (await note(sql, got)),
    })
    const [poison, good] = [event('Poison'), event('Good')]
    await consumer.driver.deliver([poison, good])
    expect(await deadLetterOf(poison)).toEqual({ cause: 'TypeError: cannot read this' })
    expect(await notes(good)).toBe(1)
    expect(tries).toBe(5)
    await consumer.driver.deliver([poison])
    expect(tries).toBe(5)
    await consumer.stop()
  })

  it('waits as long as it takes for what is only away', async () => {
    let away = 12
    const consumer = start({
      Good: async (got, sql) => {
        if (away-- > 0) throw new SallyportError('service.unavailable')
        await note(sql, got)
      },
    })
    const good = event('Good')
    const delivered = consumer.driver.deliver([good])
    await expect.poll(() => away, { timeout: 20_000 }).toBeLessThan(6)
    expect(await deadLetterOf(good)).toBeUndefined()
    // Before it is stopped: a rejection that nobody waits for yet is an error of its own.
    const refused = expect(delivered).rejects.toThrow()
    await consumer.stop()
    await refused
  })
})

describe('A dead letter', () => {
  const good = async (got: EventRecord, sql: Sql): Promise<void> => void (await note(sql, got))

  /** An event that could not be applied when it came. */
  const buried = async (type = 'Late'): Promise<EventRecord> => {
    const consumer = start({
      [type]: async () => {
        throw new TypeError('cannot read this')
      },
    })
    const letter = event(type)
    await consumer.driver.deliver([letter])
    await consumer.stop()
    return letter
  }
  const gone = async (letter: EventRecord): Promise<boolean> => (await deadLetterOf(letter)) === undefined

  it('is left alone until somebody orders it to be tried again', async () => {
    const [letter, ordered] = [await buried(), await buried()]
    const consumer = start({ Late: good })
    expect(await orderReplay(db.workerPool, [ordered.id])).toEqual([ordered.id])
    await eventually(() => gone(ordered))
    expect(await notes(letter)).toBe(0)
    expect(await gone(letter)).toBe(false)
    await consumer.stop()
  })

  it('is applied as it was, once, though all replicas look for it', async () => {
    const letters = await Promise.all(Array.from({ length: 20 }, () => buried()))
    const seen: EventRecord[] = []
    const handlers: Consumer<Sql>['handlers'] = {
      Late: async (got, sql) => {
        seen.push(got)
        await note(sql, got)
      },
    }
    const replicas = [start(handlers), start(handlers), start(handlers)]
    await orderReplay(
      db.workerPool,
      letters.map(({ id }) => id),
    )
    await eventually(async () => (await Promise.all(letters.map(gone))).every(Boolean))
    expect(await Promise.all(letters.map(notes))).toEqual(letters.map(() => 1))
    const [letter] = letters
    const { topic, key, tenantId, time, payload } = letter ?? event('none')
    expect(seen.find(({ id }) => id === letter?.id)).toMatchObject({ topic, key, tenantId, time, payload })
    await Promise.all(replicas.map(({ stop }) => stop()))
  })

  it('that fails again stays, with the new cause, and waits for the next order', async () => {
    const letter = await buried()
    let tries = 0
    const consumer = start({
      Late: async () => {
        tries += 1
        throw new RangeError('still not')
      },
    })
    for (const replays of [1, 2]) {
      await orderReplay(db.workerPool, [letter.id])
      await eventually(async () => {
        const found = (await listDeadLetters(db.workerPool, 1_000)).find(one => one.eventId === letter.id)
        return found?.replays === replays && !found.isDue
      })
      expect(await deadLetterOf(letter)).toEqual({ cause: 'RangeError: still not' })
    }
    expect(tries).toBe(2)
    await consumer.stop()
  })

  it('of a kind that this version does not know stays', async () => {
    const letter = await buried('Unknown')
    const consumer = start({})
    await orderReplay(db.workerPool, [letter.id])
    await eventually(async () => /knows nothing/.test((await deadLetterOf(letter))?.cause ?? ''))
    await consumer.stop()
  })

  it('is not applied twice when all dies between its effect and its end', async () => {
    const letter = await buried()
    let deaths = 1
    const consumer = start({ Late: good }, 'group', async (_tenantId, work) => {
      await pgTransaction(db.appPool, work)
      if (deaths-- > 0) throw new SallyportError('service.unavailable')
    })
    await orderReplay(db.workerPool, [letter.id])
    await eventually(() => gone(letter))
    expect(deaths).toBeLessThan(0)
    expect(await notes(letter)).toBe(1)
    await consumer.stop()
  })

  it('cannot be seen or ordered by the code that serves requests', async () => {
    await expect(listDeadLetters(db.appPool, 1)).rejects.toThrow(/permission denied/)
    await expect(orderReplay(db.appPool)).rejects.toThrow(/permission denied/)
  })
})
