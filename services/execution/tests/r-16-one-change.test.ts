import { counted, figure } from '@sallyport/testing/proof'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresJobStore } from '../src/store/postgres-job-store.ts'
import type { CrashPoint } from '../src/worker/journal.ts'
import { runAttempt } from '../src/worker/run-attempt.ts'
import { makeRig, type Rig } from './support/rig.ts'

const count = counted(10_000)
const batch = 250
const workers = 8
/** Of the attempts, so many die at a random place. */
const deadly = 0.2

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase('execution')
})
afterAll(() => db?.[Symbol.asyncDispose]())

const places = ['candidate-sealed', 'sending', 'sent', 'new-verified', 'old-refused', 'promoted']

/** Lets an attempt die at a place: it never comes back, and renews nothing. */
const death = (): { crashPoint: CrashPoint; died: Promise<void> } => {
  const place = places[Math.floor(Math.random() * places.length)]
  const { promise: died, resolve } = Promise.withResolvers<void>()
  const crashPoint: CrashPoint = async reached => {
    if (reached !== `after ${place}`) return
    resolve()
    await new Promise<never>(() => {})
  }
  return { crashPoint, died }
}

/** Works until nothing is due; counts the claims. */
const work = async (
  rigs: ReadonlyMap<string, Rig>,
  claims: { made: number; died: number },
): Promise<void> => {
  const jobs = postgresJobStore({ app: db.appPool, worker: db.workerPool })
  const hold = { guard: () => {}, signal: new AbortController().signal }
  for (let lease = await jobs.claim('worker'); lease !== undefined; lease = await jobs.claim('worker')) {
    claims.made += 1
    const job = await jobs.begin(lease)
    const rig = rigs.get(job.credentialId)
    if (rig === undefined) throw new Error('It is nobody’s operation')
    if (Math.random() > deadly) {
      await runAttempt(rig.deps, job, hold)
      continue
    }
    const { crashPoint, died } = death()
    claims.died += 1
    await Promise.race([died, runAttempt({ ...rig.deps, crashPoint }, job, hold)])
  }
}

const unfinished = async (): Promise<number> => {
  const { rows } = await db.adminPool.query(
    `select from execution.operations where state in ('scheduled', 'running')`,
  )
  return rows.length
}

/** Orders a batch of changes and lets all workers at them, until every one is done. */
const runBatch = async (size: number, claims: { made: number; died: number }): Promise<readonly Rig[]> => {
  const rigs = await Promise.all(Array.from({ length: size }, () => makeRig(db, { maxAttempts: 20 })))
  await Promise.all(rigs.map(rig => rig.order()))
  const byCredential = new Map(rigs.map(rig => [rig.credentialId, rig]))
  while ((await unfinished()) > 0) {
    await Promise.all(Array.from({ length: workers }, () => work(byCredential, claims)))
    // Those who died have let their leases run out.
    await db.adminPool.query(
      `update execution.operations set lease_until = now() - interval '1 s', due_at = now()
        where state in ('scheduled', 'running')`,
    )
  }
  return rigs
}

describe('R-16: workers that claim the same operations, and die over them', () => {
  test('make one change of each, whoever finishes it', { timeout: 1_800_000 }, async () => {
    const claims = { made: 0, died: 0 }
    const wrong: unknown[] = []
    for (let done = 0; done < count; done += batch) {
      for (const rig of await runBatch(Math.min(batch, count - done), claims)) {
        const states = (await rig.operations()).map(({ state }) => state)
        if (rig.target.changes.length !== 1 || states.join() !== 'succeeded')
          wrong.push({ changes: rig.target.changes.length, states })
      }
    }
    expect(wrong).toEqual([])
    figure(
      'R-16',
      `${count} operations, ${workers} workers, ${claims.made} claims, ${claims.died} deaths: one change each`,
    )
  })
})
