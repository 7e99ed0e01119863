import { randomUUID } from 'node:crypto'
import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isUniqueViolation } from '../src/failure.ts'
import { type Once, runOnce } from '../src/idempotency.ts'
import { migrate } from '../src/migrate.ts'
import { openPool, type Pool } from '../src/pool.ts'
import { sqlOfPg } from '../src/sql.ts'
import { pgTenantTransaction, pgTransaction } from '../src/transaction.ts'

const migrations = join(import.meta.dirname, 'migrations')

describe('the database package', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await testDatabase('vault', migrations)
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const add = (tenantId: string, name: string, id = randomUUID()) =>
    pgTenantTransaction(db.appPool, tenantId, sql =>
      sql.query('insert into things values ($1, $2, $3)', [id, tenantId, name]),
    )
  const names = (tenantId: string) =>
    pgTenantTransaction(db.appPool, tenantId, async sql => {
      const rows = await sql.query<{ name: string }>('select name from things order by name', [])
      return rows.map(row => row.name)
    })

  it('shows a tenant its own rows only, and nobody’s without a tenant', async () => {
    const [one, two] = [randomUUID(), randomUUID()]
    await add(one, 'one’s')
    await add(two, 'two’s')
    expect(await names(one)).toEqual(['one’s'])
    expect(await names(two)).toEqual(['two’s'])
    expect(await sqlOfPg(db.appPool).query('select * from things', [])).toEqual([])
  })

  it('refuses a row for another tenant', async () => {
    const other = randomUUID()
    const attempt = pgTenantTransaction(db.appPool, randomUUID(), sql =>
      sql.query('insert into things values ($1, $2, $3)', [randomUUID(), other, 'smuggled']),
    )
    await expect(attempt).rejects.toThrow('row-level security')
    expect(await names(other)).toEqual([])
  })

  it('undoes everything when the work fails, and keeps the connection usable', async () => {
    const tenant = randomUUID()
    const id = randomUUID()
    await add(tenant, 'first', id)
    await expect(add(tenant, 'again', id)).rejects.toSatisfy(isUniqueViolation)
    expect(await names(tenant)).toEqual(['first'])
  })

  describe('says that the service is unavailable', () => {
    const refusal = (pool: Pool) =>
      expect(pgTransaction(pool, sql => sql.query('select 1', []))).rejects.toMatchObject({
        reason: 'service.unavailable',
      })

    it('when the server takes no more connections', async () => {
      await using lost = await testDatabase('vault', migrations)
      await lost.adminPool.query(
        `alter database "${new URL(lost.adminUrl).pathname.slice(1)}" connection limit 0`,
      )
      await refusal(lost.appPool)
    })

    it('when it does not let us in, as between a new password and our hearing of it', async () => {
      const url = new URL(db.url('app'))
      url.password = 'as it was before'
      await using pool = openPool({ url: url.href, applicationName: 'test' })
      await refusal(pool)
    })
  })

  describe('runOnce', () => {
    const text = {
      encode: (value: string) => Buffer.from(value),
      decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
    }
    const onceOf = (over: Partial<Once> = {}): Once => ({
      tenantId: randomUUID(),
      subjectId: randomUUID(),
      key: 'k',
      method: '/m',
      request: Buffer.from('request'),
      audited: new Set(),
      ...over,
    })
    const run = (once: Once, work: () => Promise<string>, codec: typeof text | undefined = text) =>
      pgTenantTransaction(db.appPool, once.tenantId, sql => runOnce(sql, once, codec, work))

    it('answers a repetition with the first answer, without doing it again', async () => {
      const once = onceOf()
      expect(await run(once, async () => 'first')).toBe('first')
      expect(await run(once, async () => 'second')).toBe('first')
      expect(once.audited).toContain('replayed')
    })

    it('does it once when ten come at the same time', async () => {
      const once = onceOf()
      let times = 0
      const work = async () => `${++times}`
      const answers = await Promise.all(Array.from({ length: 10 }, () => run(once, work)))
      expect(new Set(answers)).toEqual(new Set(['1']))
    })

    it('refuses the key for another request, but not for another subject', async () => {
      const once = onceOf()
      await run(once, async () => 'first')
      await expect(run({ ...once, request: Buffer.from('other') }, async () => 'x')).rejects.toMatchObject({
        reason: 'idempotency.conflict',
      })
      expect(await run({ ...once, subjectId: randomUUID() }, async () => 'theirs')).toBe('theirs')
    })

    it('never stores an answer that holds a secret', async () => {
      const once = onceOf()
      const work = async () => 'hunter2'
      const attempt = () =>
        pgTenantTransaction(db.appPool, once.tenantId, sql => runOnce(sql, once, undefined, work))
      expect(await attempt()).toBe('hunter2')
      await expect(attempt()).rejects.toMatchObject({ reason: 'idempotency.answer_not_kept' })
    })

    it('forgets the key when the work fails', async () => {
      const once = onceOf()
      await expect(run(once, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
      expect(await run(once, async () => 'second try')).toBe('second try')
    })
  })

  describe('migrate', () => {
    const copyOfMigrations = async (): Promise<string> => {
      const directory = await mkdtemp(join(tmpdir(), 'migrations-'))
      await cp(migrations, directory, { recursive: true })
      return directory
    }
    const again = (directory: string) => migrate({ url: db.url('owner'), schema: 'vault', directory })

    it('does nothing when everything is applied', async () => {
      expect(await again(migrations)).toEqual([])
    })

    it('refuses to go on when an applied migration has changed or is gone', async () => {
      const directory = await copyOfMigrations()
      const applied = join(directory, '20260101000000_things')
      await appendFile(join(applied, 'migration.sql'), '-- later thought')
      await expect(again(directory)).rejects.toThrow('has changed')
      await rm(applied, { recursive: true })
      await expect(again(directory)).rejects.toThrow('is gone')
      await rm(directory, { recursive: true })
    })
  })
})
