import { randomUUID } from 'node:crypto'
import { createLogger } from '@sallyport/telemetry/logger'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { liveSessions } from '../src/sessions/live-sessions.ts'
import { enterPresence, type Presence, silentSeconds } from '../src/sessions/presence.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { postgresLedger } from '../src/store/postgres-ledger.ts'
import { insertSession } from '../src/store/session-rows.ts'

const tenantId = randomUUID()
let test: TestDatabase
let database: Database
/** Milliseconds that have passed for the node. */
let passed = 0
let presence: Presence

const factsOf = (id: string) =>
  ({
    id,
    tenantId,
    userId: randomUUID(),
    userName: 'alice',
    loginSessionId: randomUUID(),
    sourceAddress: '192.0.2.1',
    credentialId: randomUUID(),
    deviceId: randomUUID(),
    targetName: 'root@web-1',
    grantId: randomUUID(),
    requestId: '',
    protocol: 'ssh',
    kind: 'shell',
    command: '',
    startedAt: new Date(),
    endsAt: new Date(Date.now() + 3_600_000),
  }) as const

/** A session that a node carries which says nothing any more. */
const sessionOfSilentNode = async (silent: string, seconds: number): Promise<string> => {
  const id = randomUUID()
  await test.adminPool.query(
    `insert into session_proxy.nodes (instance, run_id, address, seen_at)
     values ($1, $2, '127.0.0.1:1', now() - make_interval(secs => $3))`,
    [silent, randomUUID(), seconds],
  )
  await database.sqlInTenant(tenantId, sql => insertSession(sql, factsOf(id), silent))
  return id
}

const isLive = async (id: string): Promise<boolean> => {
  const { rows } = await test.adminPool.query('select ended_at from session_proxy.sessions where id = $1', [
    id,
  ])
  return rows[0].ended_at === null
}

/** What the ticker does, once a second, for so long. */
const goOn = async (seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    passed += 1_000
    await presence.keep()
    await presence.tidy()
  }
}

beforeAll(async () => {
  test = await testDatabase('session_proxy')
  database = await openDatabase({
    appUrl: test.url('app'),
    workerUrl: test.url('worker'),
    onError: () => undefined,
  })
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await test.adminPool.query('delete from session_proxy.nodes')
  presence = await enterPresence({
    database,
    ledger: postgresLedger({ database, instance: 'here' }),
    recordings: { salvage: async () => 3 },
    clock: { now: () => new Date() },
    sessions: liveSessions(),
    instance: 'here',
    address: '127.0.0.1:2',
    steadyNow: () => passed,
    log: createLogger('session-proxy', 'silent'),
  })
})

describe('A node among others', () => {
  it('ends the sessions of one that has been silent for too long, once, with what is left of the recording', async () => {
    const id = await sessionOfSilentNode('dead', silentSeconds + 1)
    await goOn(silentSeconds + 1)
    const { rows } = await test.adminPool.query(
      'select end_reason, segments from session_proxy.sessions where id = $1',
      [id],
    )
    expect(rows).toEqual([{ end_reason: 'proxy-stopped', segments: 3 }])
    await goOn(2)
    const { rows: said } = await test.adminPool.query(
      `select from session_proxy.outbox where type = 'SessionEnded' and key = $1`,
      [id],
    )
    expect(said).toHaveLength(1)
  })

  it('leaves those alone that were silent for less, and those that never came in', async () => {
    const short = await sessionOfSilentNode('short', silentSeconds - 25)
    const older = randomUUID()
    await database.sqlInTenant(tenantId, sql => insertSession(sql, factsOf(older), 'of an earlier version'))
    await goOn(silentSeconds + 1)
    expect([await isLive(short), await isLive(older)]).toEqual([true, true])
  })

  it('judges nobody before it has been in touch for as long itself, nor after it stood still', async () => {
    const id = await sessionOfSilentNode('there', silentSeconds * 10)
    await goOn(silentSeconds)
    expect(await isLive(id)).toBe(true)
    passed += 60_000
    await goOn(silentSeconds)
    expect(await isLive(id)).toBe(true)
    await goOn(2)
    expect(await isLive(id)).toBe(false)
  })

  it('does not judge itself', async () => {
    await test.adminPool.query(`update session_proxy.nodes set seen_at = now() - interval '1 hour'`)
    await presence.tidy()
    const { rows } = await test.adminPool.query('select lost_at from session_proxy.nodes')
    expect(rows).toEqual([{ lost_at: null }])
  })

  it('is forgotten when it leaves', async () => {
    await presence[Symbol.asyncDispose]()
    expect((await test.adminPool.query('select from session_proxy.nodes')).rowCount).toBe(0)
  })
})
