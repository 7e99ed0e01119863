import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readCheckpointFile } from '../src/checkpoints/checkpoint-files.ts'
import { startCheckpointer } from '../src/checkpoints/checkpointer.ts'
import { runExport } from '../src/export.ts'
import { intakes, newTenant, quiet, type TrailFixture, trailFixture } from './fixtures.ts'

let trail: TrailFixture
beforeAll(async () => {
  trail = await trailFixture()
})
afterAll(() => trail[Symbol.asyncDispose]())

const recorded = async (count = 10): Promise<string> => {
  const tenantId = newTenant()
  await trail.record(intakes(tenantId, count))
  await trail.sign()
  return tenantId
}

// The whole database in the hands of its superuser.
const sql = (text: string, ...params: unknown[]): Promise<unknown> => trail.db.adminPool.query(text, params)

const swapPlaces = async (tenantId: string, a: number, b: number): Promise<void> => {
  const move = 'update audit.records set sequence = $3 where tenant_id = $1 and sequence = $2'
  await sql(move, tenantId, a, -1)
  await sql(move, tenantId, b, a)
  await sql(move, tenantId, -1, b)
}

describe('S-TA-01: audit verify names what was done to a trail in the database', () => {
  it('finds nothing wrong with an untouched trail', async () => {
    const tenantId = await recorded()
    expect(await trail.verify(tenantId)).toEqual({
      code: 0,
      output: `tenant ${tenantId}: ok, 10 records, 1 checkpoints`,
    })
  })

  it.each([
    ['actor_name', `'mallory'`],
    ['occurred_at', `occurred_at - interval '1 hour'`],
    ['event_id', 'gen_random_uuid()'],
    ['request_id', `'another'`],
    ['outcome', `'failure'`],
    ['body', `convert_to(replace(convert_from(body, 'utf8'), 'alice', 'mabel'), 'utf8')`],
    ['mac', `set_byte(mac, 0, get_byte(mac, 0) # 1)`],
  ])('names a record whose %s was edited', async (column, value) => {
    const tenantId = await recorded()
    await sql(`update audit.records set ${column} = ${value} where tenant_id = $1 and sequence = 4`, tenantId)
    const { code, output } = await trail.verify(tenantId)
    expect(code).toBe(1)
    expect(output).toContain('record 4 was edited (3 records before it are intact)')
  })

  it('names a record that was deleted', async () => {
    const tenantId = await recorded()
    await sql('delete from audit.records where tenant_id = $1 and sequence = 7', tenantId)
    expect(await trail.verify(tenantId)).toMatchObject({
      code: 1,
      output: expect.stringContaining('record 7 was removed'),
    })
  })

  it('names the first of two records that were swapped', async () => {
    const tenantId = await recorded()
    await swapPlaces(tenantId, 3, 8)
    const { code, output } = await trail.verify(tenantId)
    expect(code).toBe(1)
    expect(output).toContain('record 3 is not in its place')
  })

  it('tells where the trail was cut off, also when the head and the checkpoints in the database were cut too', async () => {
    const tenantId = await recorded()
    await sql('delete from audit.records where tenant_id = $1 and sequence > 6', tenantId)
    await sql(
      `update audit.heads set sequence = 6, mac = (select mac from audit.records where tenant_id = $1 and sequence = 6)
       where tenant_id = $1`,
      tenantId,
    )
    await sql('delete from audit.checkpoints where tenant_id = $1', tenantId)
    const { code, output } = await trail.verify(tenantId)
    expect(code).toBe(1)
    expect(output).toContain('cut off: record 7')
    await trail.record(intakes(tenantId, 8))
    expect((await trail.verify(tenantId)).output).toContain(
      'from record 1 on it is not the trail that was signed',
    )
  })

  it('notices a tenant of which nothing is left but the checkpoint file', async () => {
    const tenantId = await recorded()
    for (const table of ['records', 'heads', 'checkpoints']) {
      await sql(`delete from audit.${table} where tenant_id = $1`, tenantId)
    }
    const { code, output } = await trail.verify()
    expect(code).toBe(1)
    expect(output).toContain(`tenant ${tenantId}: the trail was cut off: record 1`)
  })

  it('names a record that was inserted', async () => {
    const tenantId = await recorded()
    await sql(
      'update audit.records set sequence = sequence + 1000 where tenant_id = $1 and sequence >= 5',
      tenantId,
    )
    await sql(
      'update audit.records set sequence = sequence - 999 where tenant_id = $1 and sequence >= 1000',
      tenantId,
    )
    const columns = `code, occurred_at, recorded_at, service, outcome, actor_id, actor_name, target_kind, target_id,
      target_name, request_id, session_id, grant_id, body, mac`
    await sql(
      `insert into audit.records (tenant_id, sequence, event_id, ${columns})
       select tenant_id, 5, gen_random_uuid(), ${columns} from audit.records where tenant_id = $1 and sequence = 2`,
      tenantId,
    )
    expect((await trail.verify(tenantId)).output).toContain('a record was inserted at 5')
  })

  it("takes no other tenant's records for this one's", async () => {
    const [tenantId, other] = [await recorded(), newTenant()]
    await sql('update audit.records set tenant_id = $2 where tenant_id = $1', tenantId, other)
    await sql('update audit.heads set tenant_id = $2 where tenant_id = $1', tenantId, other)
    expect((await trail.verify(other)).output).toContain('record 1 was edited')
  })

  it('refuses checkpoints that were signed by another key', async () => {
    const tenantId = await recorded()
    await sql(
      `update audit.checkpoints set signature = set_byte(signature, 0, 7) where tenant_id = $1`,
      tenantId,
    )
    expect((await trail.verify(tenantId)).output).toContain(
      'the checkpoint at record 10 was not signed with this key',
    )
  })

  it('verifies an export with nothing but the key, and names a line that was edited in it', async () => {
    const tenantId = await recorded()
    const file = join(trail.checkpointDirectory, '..', `${tenantId}.export`)
    const args = ['--database-url', trail.db.url('worker'), '--tenant', tenantId, '--output', file]
    expect(await runExport(args, {}, () => {})).toBe(0)
    expect(await trail.verify(tenantId, '--export', file)).toMatchObject({ code: 0 })
    const lines = (await readFile(file, 'utf8')).split('\n')
    await writeFile(
      file,
      lines
        .map(line => (line.includes('"sequence":6,"body"') ? line.replace('alice', 'mabel') : line))
        .join('\n'),
    )
    expect((await trail.verify(tenantId, '--export', file)).output).toContain('record 6 was edited')
    await writeFile(file, [...lines.slice(0, 4), lines[5], lines[4], ...lines.slice(6)].join('\n'))
    expect((await trail.verify(tenantId, '--export', file)).output).toContain('record 4 is not in its place')
  })

  it('cannot say anything without the key, or with one that others may read', async () => {
    const open = join(trail.checkpointDirectory, '..', 'open.key')
    await writeFile(open, Buffer.alloc(32).toString('base64'), { mode: 0o644 })
    await expect(trail.verify(undefined, '--key-file', open)).rejects.toThrow(/others may read/)
    await rm(open)
  })

  it('is told within ten seconds where a trail ended, by what was signed in the second place', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const tenantId = newTenant()
      const { db, keys, checkpointDirectory: directory } = trail
      const deps = { app: db.appPool, worker: db.workerPool, keys, directory, log: quiet }
      await using _ = startCheckpointer({ ...deps, clock: { now: () => new Date() } })
      await trail.record(intakes(tenantId, 7))
      vi.advanceTimersByTime(10_000)
      await expect
        .poll(async () => (await readCheckpointFile(directory, tenantId)).map(({ sequence }) => sequence))
        .toEqual([7])
    } finally {
      vi.useRealTimers()
    }
  })

  it('finds what was edited before it was signed: nothing is signed then, and the alarm is raised once', async () => {
    const tenantId = newTenant()
    const { db, keys, checkpointDirectory: directory } = trail
    await trail.record(intakes(tenantId, 5))
    await sql(`update audit.records set body = body || ' ' where tenant_id = $1 and sequence = 4`, tenantId)
    const deps = { app: db.appPool, worker: db.workerPool, keys, directory, log: quiet }
    const checkpointer = startCheckpointer({ ...deps, clock: { now: () => new Date() }, everyMs: 20 })
    const alarms = async (): Promise<unknown[]> =>
      (
        await db.adminPool.query("select from audit.outbox where tenant_id = $1 and type = 'AuditEvent'", [
          tenantId,
        ])
      ).rows
    await expect.poll(alarms).toHaveLength(1)
    await checkpointer[Symbol.asyncDispose]()
    expect(await alarms()).toHaveLength(1)
    expect(await readCheckpointFile(directory, tenantId)).toEqual([])
  })

  it('keeps a checkpoint file for each tenant in the second place', async () => {
    const tenantId = await recorded()
    expect(await readdir(trail.checkpointDirectory)).toContain(`${tenantId}.ndjson`)
  })
})
