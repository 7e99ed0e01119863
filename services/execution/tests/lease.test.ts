import { setTimeout as pause } from 'node:timers/promises'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AttemptFailure } from '../src/domain/rotation/failure.ts'
import { keepLease } from '../src/worker/lease-keeper.ts'
import { runAttempt } from '../src/worker/run-attempt.ts'
import { makeRig } from './support/rig.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase('execution')
})
afterAll(() => db?.[Symbol.asyncDispose]())

const never = new AbortController().signal

describe('workers', () => {
  test('cannot claim what is leased, until the lease is over', async () => {
    const rig = await makeRig(db)
    await rig.order()
    const first = await rig.jobs.claim('first')
    expect(first).toBeDefined()
    expect(await rig.jobs.claim('second')).toBeUndefined()
    await rig.expireLeases()
    const second = await rig.jobs.claim('second')
    expect(second?.operationId).toBe(first?.operationId)
    expect(second?.fencingToken).toBe((first?.fencingToken ?? 0n) + 1n)
  })

  test('whose lease was taken over can write nothing any more, here or at vault', async () => {
    const rig = await makeRig(db)
    await rig.order()
    const stale = await rig.jobs.claim('stale')
    if (stale === undefined) throw new Error('nothing claimed')
    const job = await rig.jobs.begin(stale)
    await rig.expireLeases()
    expect(await rig.run()).toBe(true)
    const lost = { failure: 'lease_lost' }
    await expect(rig.jobs.renew(stale)).rejects.toMatchObject(lost)
    await expect(rig.jobs.begin(stale)).rejects.toMatchObject(lost)
    await expect(rig.jobs.step(job, 'sent', [])).rejects.toMatchObject(lost)
    await expect(rig.jobs.end(job, 'sent', { kind: 'succeeded', version: 9 }, [])).rejects.toMatchObject(lost)
    await expect(runAttempt(rig.deps, job, { guard: () => {}, signal: never })).rejects.toMatchObject(lost)
    expect(rig.target.changes).toHaveLength(1)
    expect(await rig.operations()).toMatchObject([{ state: 'succeeded' }])
  })

  test('that wake up after their lease send nothing, even before they learn that it was taken', async () => {
    const rig = await makeRig(db)
    await rig.order()
    let now = 0
    const lease = await rig.jobs.claim('sleeper')
    if (lease === undefined) throw new Error('nothing claimed')
    using hold = keepLease({ jobs: rig.jobs, steadyNow: () => now }, lease, 0, never)
    const job = await rig.jobs.begin(lease)
    now = 60_000
    await expect(runAttempt(rig.deps, job, hold)).rejects.toBeInstanceOf(AttemptFailure)
    expect(rig.target.changes).toEqual([])
  })

  test('do not wait for each other’s claims', async () => {
    const [one, two] = [await makeRig(db), await makeRig(db)]
    await Promise.all([one.order(), two.order()])
    const client = await db.adminPool.connect()
    await client.query('begin')
    await client.query(`select from execution.operations where tenant_id = $1 for update`, [one.tenantId])
    const claimed = await Promise.race([two.jobs.claim('free'), pause(2000).then(() => undefined)])
    await client.query('rollback')
    client.release()
    expect(claimed?.tenantId).toBe(two.tenantId)
  })
})
