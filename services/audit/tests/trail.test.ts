import { appendFile } from 'node:fs/promises'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendCheckpoint, readCheckpointFile } from '../src/checkpoints/checkpoint-files.ts'
import { startCheckpointer } from '../src/checkpoints/checkpointer.ts'
import { intake, intakes, newTenant, quiet, type TrailFixture, trailFixture } from './fixtures.ts'

let trail: TrailFixture
beforeAll(async () => {
  trail = await trailFixture()
})
afterAll(() => trail[Symbol.asyncDispose]())

const sequences = async (tenantId: string): Promise<number[]> => {
  const { rows } = await trail.db.adminPool.query<{ sequence: string }>(
    'select sequence from audit.records where tenant_id = $1 order by sequence',
    [tenantId],
  )
  return rows.map(({ sequence }) => Number(sequence))
}

const queued = async (tenantId: string): Promise<{ topic: string; payload: Buffer }[]> => {
  const { rows } = await trail.db.workerPool.query<{ topic: string; payload: Buffer }>(
    'select topic, payload from outbox where tenant_id = $1 order by position',
    [tenantId],
  )
  return rows
}

describe('The trail', () => {
  it('records an event once, however often it comes', async () => {
    const tenantId = newTenant()
    const [first, second] = intakes(tenantId, 2)
    if (!first || !second) throw new Error('two events were asked for')
    await trail.record([first, first])
    await trail.record([second, first, second])
    expect(await sequences(tenantId)).toEqual([1, 2])
    expect(await queued(tenantId)).toHaveLength(2)
  })

  it('keeps the tenants of one batch apart, each counting from 1', async () => {
    const [a, b] = [newTenant(), newTenant()]
    await trail.record([intake(a), intake(b), intake(a), intake(b), intake(b)])
    expect(await sequences(a)).toEqual([1, 2])
    expect(await sequences(b)).toEqual([1, 2, 3])
  })

  it('goes on with the chain over batches, and when several writers meet', async () => {
    const tenantId = newTenant()
    const batches = Array.from({ length: 8 }, () => intakes(tenantId, 25))
    await Promise.all(batches.map(trail.record))
    expect(await sequences(tenantId)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
    expect(await trail.verify(tenantId)).toMatchObject({ code: 0 })
  })

  it('publishes each record to the tenant as OCSF with its sequence number', async () => {
    const tenantId = newTenant()
    await trail.record(intakes(tenantId, 3))
    const published = await queued(tenantId)
    expect(published.map(({ topic }) => topic)).toEqual(Array(3).fill(`sallyport.audit.v1.${tenantId}`))
    const events = published.map(({ payload }) => JSON.parse(payload.toString()))
    expect(events.map(({ metadata }) => metadata.sequence)).toEqual([1, 2, 3])
    expect(events[0]).toMatchObject({ class_uid: 6005, metadata: { event_code: 'secret.revealed' } })
  })

  it('sets aside what cannot be read or names another tenant, and records the rest', async () => {
    const [tenantId, other] = [newTenant(), newTenant()]
    const garbled = { ...intake(tenantId), payload: Buffer.from('ffffffff', 'hex') }
    const foreign = { ...intake(other), tenantId }
    await trail.record([garbled, foreign, intake(tenantId)])
    expect(await sequences(tenantId)).toEqual([1])
    expect(await sequences(other)).toEqual([])
    const { rows } = await trail.db.workerPool.query('select from dead_letters where tenant_id = $1', [
      tenantId,
    ])
    expect(rows).toHaveLength(2)
  })

  it.each([
    ['passes', 4, 3, 0],
    ['stays', 1_000, 2, 1],
  ])('tries five times what PostgreSQL refuses, in case it %s', async (_way, times, recorded, setAside) => {
    const tenantId = newTenant()
    const events = intakes(tenantId, 3)
    const { adminPool } = trail.db
    // A sequence counts on although its transaction fails.
    await adminPool.query(`create sequence audit.refused;
      create function audit.refuse() returns trigger language plpgsql security definer as $$
      begin
        if new.event_id = '${events[1]?.id}' and nextval('audit.refused') <= ${times} then
          raise exception 'not now' using errcode = 'XX000';
        end if;
        return new;
      end $$;
      create trigger refuse before insert on audit.records for each row execute function audit.refuse()`)
    try {
      await trail.record(events)
    } finally {
      await adminPool.query('drop function audit.refuse cascade; drop sequence audit.refused')
    }
    expect(await sequences(tenantId)).toHaveLength(recorded)
    const letters = 'select cause from dead_letters where tenant_id = $1'
    const { rows } = await trail.db.workerPool.query<{ cause: string }>(letters, [tenantId])
    expect(rows.map(({ cause }) => cause)).toEqual(Array(setAside).fill('error: not now'))
  })

  it('records what had been set aside when it is tried again: once, or with what is still wrong', async () => {
    const tenantId = newTenant()
    const late = intake(tenantId)
    await trail.recordAgain(late)
    await trail.recordAgain(late)
    expect(await sequences(tenantId)).toEqual([1])
    const garbled = { ...intake(tenantId), payload: Buffer.from('ffffffff', 'hex') }
    await expect(trail.recordAgain(garbled)).rejects.toThrow()
    expect(await sequences(tenantId)).toEqual([1])
  })

  it('cannot be changed or cleared by the app role, nor seen without a tenant', async () => {
    const tenantId = newTenant()
    await trail.record(intakes(tenantId, 2))
    await trail.sign()
    for (const table of ['records', 'checkpoints']) {
      for (const statement of [
        `update ${table} set mac = mac`,
        `delete from ${table}`,
        `truncate ${table}`,
      ]) {
        const attempt = pgTenantTransaction(trail.db.appPool, tenantId, sql => sql.query(statement, []))
        await expect(attempt, statement).rejects.toThrow(/permission denied/)
      }
    }
    for (const table of ['records', 'heads', 'checkpoints']) {
      expect((await trail.db.appPool.query(`select from ${table}`)).rows).toEqual([])
    }
  })
})

describe('Checkpoints', () => {
  it('are signed for chains that grew, and only for those', async () => {
    const tenantId = newTenant()
    await trail.record(intakes(tenantId, 3))
    await trail.sign()
    await trail.sign()
    const filed = await readCheckpointFile(trail.checkpointDirectory, tenantId)
    expect(filed.map(({ sequence }) => sequence)).toEqual([3])
    expect(filed.every(trail.keys.isSigned)).toBe(true)
  })

  it('are signed at once after a thousand records, and when the service stops', async () => {
    const tenantId = newTenant()
    const { db, keys, checkpointDirectory: directory } = trail
    const deps = { app: db.appPool, worker: db.workerPool, keys, directory, log: quiet }
    const checkpointer = startCheckpointer({ ...deps, clock: { now: () => new Date() }, everyMs: 3_600_000 })
    const filed = async () => (await readCheckpointFile(directory, tenantId)).map(({ sequence }) => sequence)
    await trail.record(intakes(tenantId, 5))
    checkpointer.grown(999)
    checkpointer.grown(1)
    await expect.poll(filed).toEqual([5])
    await trail.record(intakes(tenantId, 1))
    await checkpointer[Symbol.asyncDispose]()
    expect(await filed()).toEqual([5, 6])
  })

  it('are signed once by two replicas', async () => {
    const tenantId = newTenant()
    const { db, keys, checkpointDirectory: directory } = trail
    const failures: unknown[] = []
    const log = { ...quiet, error: (fields: object) => void failures.push(fields) }
    const deps = { app: db.appPool, worker: db.workerPool, keys, directory, log }
    const replicas = [1, 2].map(() =>
      startCheckpointer({ ...deps, clock: { now: () => new Date() }, everyMs: 5 }),
    )
    for (let count = 0; count < 20; count += 1) await trail.record(intakes(tenantId, 3))
    const filed = async () => (await readCheckpointFile(directory, tenantId)).map(({ sequence }) => sequence)
    await expect.poll(async () => (await filed()).at(-1)).toBe(60)
    for (const replica of replicas) await replica[Symbol.asyncDispose]()
    expect(failures).toEqual([])
    expect(new Set(await filed()).size).toBe((await filed()).length)
  })

  it('survive a line that a crash tore', async () => {
    const tenantId = newTenant()
    const sign = (sequence: number) =>
      trail.keys.signCheckpoint({ tenantId, sequence, mac: Buffer.alloc(32), signedAt: new Date() })
    await appendCheckpoint(trail.checkpointDirectory, sign(1))
    await appendFile(`${trail.checkpointDirectory}/${tenantId}.ndjson`, '\n{"kind":"checkpoint","tenant')
    await appendCheckpoint(trail.checkpointDirectory, sign(2))
    const filed = await readCheckpointFile(trail.checkpointDirectory, tenantId)
    expect(filed.map(({ sequence }) => sequence)).toEqual([1, 2])
  })
})
