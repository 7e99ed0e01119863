import { randomUUID } from 'node:crypto'
import { run, runMigrations, Logger } from 'graphile-worker'
import { claimNext } from '@sallyport/execution/store/claim'
import { postgresJobStore } from '@sallyport/execution/store/postgres-job-store'
import { openPool } from '@sallyport/database/pool'
import { type BenchDatabase, openBenchDatabase } from '../bench-database.ts'
import { load } from '../load.ts'
import { compare, type Contestant, median } from '../pairs.ts'
import type { Row } from '../row.ts'

const workers = 4
const tenantId = randomUUID()

const enqueue = async ({ superuser }: BenchDatabase, count: number, due = 'now()'): Promise<void> => {
  await superuser.query(
    `insert into execution.operations (id, tenant_id, type, state, trigger, cause_id, credential_id, device_id, template_id,
       template_version, max_attempts, due_at, rotation_id)
     select gen_random_uuid(), $1, 'change-password', 'scheduled', 'request', '', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 5,
       ${due}, gen_random_uuid() from generate_series(1, $2::int)`,
    [tenantId, count],
  )
}

/** Claims, begins and ends operations that do nothing, with their journal, audit and events. */
const ours = (database: BenchDatabase, count: number): Contestant & AsyncDisposable => {
  const open = (kind: 'app' | 'worker') =>
    openPool({ url: database.url('execution', kind), applicationName: 'bench', max: workers })
  const [app, worker] = [open('app'), open('worker')]
  const store = postgresJobStore({ app, worker })
  return {
    name: 'ours',
    processes: [process.pid, database.pid],
    run: async () => {
      const began = performance.now()
      await enqueue(database, count)
      await load(count, workers, async () => {
        const lease = await store.claim('bench')
        if (lease === undefined) throw new Error('nothing to claim')
        const job = await store.begin(lease)
        await store.end(job, 'promoted', { kind: 'succeeded', version: 1 }, [])
      })
      return count / ((performance.now() - began) / 1000)
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([app[Symbol.asyncDispose](), worker[Symbol.asyncDispose]()])
    },
  }
}

const silent = new Logger(() => () => {})

const graphile = async (
  stack: AsyncDisposableStack,
  database: BenchDatabase,
  count: number,
): Promise<Contestant> => {
  await database.superuser.query('create database graphile')
  const connectionString = database.server.adminUrl('graphile')
  await runMigrations({ connectionString, logger: silent })
  const pool = stack.use(openPool({ url: connectionString, applicationName: 'bench' }))
  return {
    name: 'graphile-worker',
    processes: [process.pid, database.pid],
    run: async () => {
      const { promise: allDone, resolve } = Promise.withResolvers<void>()
      let done = 0
      const nothing = async (): Promise<void> => {
        done += 1
        if (done === count) resolve()
      }
      const began = performance.now()
      const runner = await run({
        connectionString,
        concurrency: workers,
        taskList: { nothing },
        logger: silent,
        noHandleSignals: true,
      })
      await pool.query(`select graphile_worker.add_job('nothing') from generate_series(1, $1::int)`, [count])
      await allDone
      const perSecond = count / ((performance.now() - began) / 1000)
      await runner.stop()
      return perSecond
    },
  }
}

/** How long one claim takes, in milliseconds; what is claimed is given back. */
const claimMilliseconds = async (database: BenchDatabase): Promise<number> => {
  await using pool = openPool({ url: database.url('execution', 'worker'), applicationName: 'bench' })
  await database.superuser.query('analyze execution.operations')
  const times: number[] = []
  for (let claim = 0; claim < 200; claim += 1) {
    const began = performance.now()
    const lease = await claimNext(pool, 'bench')
    times.push(performance.now() - began)
    if (lease === undefined) throw new Error('nothing to claim')
  }
  return median(times)
}

export const row: Row = {
  id: 'P-EX-2',
  title: 'the queue of operations, with an executor that does nothing',
  run: async effort => {
    await using database = await openBenchDatabase()
    const count = effort.quick ? 300 : 3_000
    await using stack = new AsyncDisposableStack()
    const us = stack.use(ours(database, count))
    const compared = await compare(effort, us, await graphile(stack, database, count))
    await enqueue(database, 10_000)
    const few = await claimMilliseconds(database)
    const backlog = effort.quick ? 100_000 : 1_000_000
    await enqueue(database, backlog)
    const many = await claimMilliseconds(database)
    const { rows } = await database.superuser.query<{ count: string }>(
      `select count(*) from execution.attempts where succeeded`,
    )
    const side = (value: number) => ({ ...compared.ours, value })
    return [
      {
        what: 'enqueued, claimed, done',
        unit: '/s',
        ...compared,
        target: '≥ 1.0 × graphile-worker',
        reached: compared.ratio >= 1,
        note: `${rows[0]?.count} done; ours writes a journal of the attempt, two audit records and an event each`,
      },
      {
        what: `a claim with ${backlog.toLocaleString('en')} waiting`,
        unit: 'ms',
        ours: side(many),
        peer: { ...side(few), name: 'with 10 k' },
        ratio: many / few,
        target: '≤ 1.2 × with 10 k',
        reached: many / few <= 1.2,
      },
    ]
  },
}
