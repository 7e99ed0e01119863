import { randomUUID } from 'node:crypto'
import { pgTransaction } from '@sallyport/database/transaction'
import type { TestDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { deadLetter, listDeadLetters } from '../src/dead-letters.ts'
import { deadLettersHelp, runDeadLetters } from '../src/dead-letters-program.ts'
import { outboxDatabase } from './fixtures.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await outboxDatabase()
})
afterAll(() => db[Symbol.asyncDispose]())
beforeEach(() => db.workerPool.query('delete from dead_letters'))

const bury = async (cause = 'cannot read this'): Promise<string> => {
  const id = randomUUID()
  const record = {
    id,
    topic: 'sallyport.vault.v1',
    key: 'k',
    tenantId: randomUUID(),
    type: 'GrantEnded',
    source: 'sallyport/test',
    time: new Date(),
    payload: Buffer.from('what nobody may see'),
  }
  await pgTransaction(db.appPool, sql => deadLetter(sql, 'vault', record, new TypeError(cause)))
  return id
}

const run = async (...args: string[]) => {
  let [out, err] = ['', '']
  const status = await runDeadLetters(args, {
    environment: { URL_OF_WORKER: db.url('worker') },
    urlVariable: 'URL_OF_WORKER',
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
  })
  return { status, out, err }
}

const due = async (): Promise<string[]> =>
  (await listDeadLetters(db.workerPool, 100)).flatMap(({ eventId, isDue }) => (isDue ? [eventId] : []))

describe('dead-letters', () => {
  it('says so when there are none', async () => {
    expect(await run('list')).toEqual({ status: 0, out: 'There are no dead letters.\n', err: '' })
  })

  it('lists each with its cause, for people and for programs, and never what it says', async () => {
    const id = await bury()
    const { out } = await run('list')
    expect(out).toContain(`${id}  GrantEnded of sallyport.vault.v1`)
    expect(out).toContain('TypeError: cannot read this')
    const [line = ''] = (await run('list', '--json')).out.trim().split('\n')
    expect(JSON.parse(line)).toMatchObject({ eventId: id, consumer: 'vault', replays: 0, isDue: false })
    expect(out + line).not.toMatch(/nobody may see|payload/)
  })

  it('shows a cause as one line of text, whatever it quotes', async () => {
    await bury('\u001b[2J\u202e\n\nroot@web-1:~#')
    const { out } = await run('list')
    expect(out).toContain('TypeError:  [2J root@web-1:~#\n')
    expect(out.split('\n')).toHaveLength(4)
  })

  it('orders those that are named', async () => {
    const [one] = [await bury(), await bury()]
    expect(await run('replay', one)).toMatchObject({ status: 0, out: expect.stringMatching(/^1 event is/) })
    expect(await due()).toEqual([one])
    expect((await run('list')).out).toContain('about to be tried again')
  })

  it('orders all', async () => {
    const all = [await bury(), await bury(), await bury()]
    expect((await run('replay', '--all')).out).toMatch(/^3 events are/)
    expect((await due()).toSorted()).toEqual(all.toSorted())
  })

  it('names what is not there, and orders the rest', async () => {
    const [here, nowhere] = [await bury(), randomUUID()]
    expect(await run('replay', nowhere, here)).toMatchObject({
      status: 1,
      err: `There is no dead letter ${nowhere}.\n`,
    })
    expect(await due()).toEqual([here])
  })

  it.each([
    [],
    ['replay'],
    ['replay', 'x'],
    ['replay', '--all', randomUUID()],
    ['list', 'x'],
    ['drop'],
    ['--what'],
  ])('tells how it is called for %j', async (...args) => {
    await bury()
    expect(await run(...args)).toEqual({ status: 2, out: '', err: deadLettersHelp })
    expect(await due()).toEqual([])
  })

  it('tells it also to whoever asks', async () => {
    expect(await run('--help')).toEqual({ status: 0, out: deadLettersHelp, err: '' })
  })

  it('needs to know the database', async () => {
    const told: string[] = []
    const streams = { out: () => {}, err: (text: string) => void told.push(text) }
    const status = await runDeadLetters(['list'], {
      environment: {},
      urlVariable: 'URL_OF_WORKER',
      ...streams,
    })
    expect(status).toBe(78)
    expect(told.join('')).toContain('URL_OF_WORKER is not set')
  })
})
