import { Secret } from '@sallyport/crypto/secret'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { createLogger } from '@sallyport/telemetry/logger'
import type { TestDatabase } from '@sallyport/testing/postgres'
import { builtInTemplates } from '../../src/domain/template/built-in.ts'
import type { Executor } from '../../src/executors/executor.ts'
import { postgresJobStore } from '../../src/store/postgres-job-store.ts'
import { type Order, scheduleRotation } from '../../src/store/schedule.ts'
import { templateSources } from '../../src/store/templates.ts'
import type { CrashPoint } from '../../src/worker/journal.ts'
import { runAttempt } from '../../src/worker/run-attempt.ts'
import { runNext, type WorkerDeps } from '../../src/worker/worker.ts'
import { type FakeTarget, fakeTarget } from './fake-target.ts'
import { type FakeVault, fakeVault } from './fake-vault.ts'

export type OperationRow = {
  id: string
  state: string
  attempts: number
  max_attempts: number
  message: string
  sent: boolean
  due_at: Date
  rotation_id: string
  trigger: string
}

export type Rig = Awaited<ReturnType<typeof makeRig>>

type Options = {
  privileged?: boolean
  maxAttempts?: number
  vault?: FakeVault
  executor?: Executor
  template?: number
}

/** One tenant with one credential and its policy, a vault, a target, and workers on a real database. */
export const makeRig = async (db: TestDatabase, options: Options = {}) => {
  const tenantId = uuidV7()
  const credentialId = uuidV7()
  const target: FakeTarget = fakeTarget('Old-secret-1')
  const vault =
    options.vault ??
    fakeVault({
      current: 'Old-secret-1',
      username: 'app',
      target: { address: '192.0.2.1', port: 22, hostKeys: [] },
      privileged: () =>
        options.privileged
          ? { username: 'root', kind: 'password', secret: Secret.fromUtf8('root-secret') }
          : undefined,
    })
  const jobs = postgresJobStore({ app: db.appPool, worker: db.workerPool })
  const deps: WorkerDeps = {
    access: { grantForAttempt: async () => 'statement' },
    vault,
    executor: options.executor ?? target,
    jobs,
    templates: templateSources(db.appPool),
    random: () => 0.5,
    log: createLogger('execution', 'silent'),
    steadyNow: () => performance.now(),
  }
  const inTenant = <R>(query: string, params: unknown[] = []) =>
    pgTenantTransaction(db.appPool, tenantId, sql => sql.query<R>(query, params))
  await inTenant(
    `insert into rotation_policies (tenant_id, credential_id, device_id, template_id, privileged_credential_id,
       after_reveal, after_session, after_window, max_attempts, updated_at)
     values ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::uuid, true, true, true, $6::int, now())`,
    [
      tenantId,
      credentialId,
      uuidV7(),
      builtInTemplates[options.template ?? 0]?.id,
      options.privileged ? uuidV7() : null,
      options.maxAttempts ?? 5,
    ],
  )
  const order = (changes: Partial<Order> = {}) =>
    pgTenantTransaction(db.appPool, tenantId, sql =>
      scheduleRotation(sql, {
        tenantId,
        credentialId,
        trigger: 'request',
        causeId: 'cause',
        userId: uuidV7(),
        happenedAt: new Date(),
        ...changes,
      }),
    )
  const stop = new AbortController().signal
  return {
    tenantId,
    credentialId,
    target,
    vault,
    deps,
    jobs,
    order,
    inTenant,
    /** Makes everything that waits due at once. */
    hurry: () => inTenant(`update operations set due_at = now() where state = 'scheduled'`),
    /** As if the time of every lease had passed. */
    expireLeases: () =>
      inTenant(`update operations set lease_until = now() - interval '1 s' where state = 'running'`),
    run: (changes: Partial<WorkerDeps> = {}) => runNext({ ...deps, ...changes }, 'worker', stop),
    /** Runs one attempt on a worker that dies at the given place: it never comes back, and renews nothing. */
    runAndDie: async (place: Parameters<CrashPoint>[0]): Promise<boolean> => {
      const lease = await jobs.claim('doomed')
      if (lease === undefined) throw new Error('nothing to claim')
      let died = () => {}
      const death = new Promise<true>(resolve => {
        died = () => resolve(true)
      })
      const crashPoint: CrashPoint = async reached => {
        if (reached !== place) return
        died()
        await new Promise<never>(() => {})
      }
      const hold = { guard: () => {}, signal: stop }
      const finished = runAttempt({ ...deps, crashPoint }, await jobs.begin(lease), hold).then(() => false)
      return Promise.race([death, finished])
    },
    operations: () => inTenant<OperationRow>('select * from operations order by id'),
    attempts: () =>
      inTenant<{
        number: number
        step: string
        error_code: string
        succeeded: boolean
        log: string[]
        ended_at: Date | null
      }>('select * from attempts order by operation_id, number'),
    audited: async () => {
      const { rows } = await db.adminPool.query<{ payload: Buffer; type: string }>(
        'select payload, type from execution.outbox where tenant_id = $1 order by position',
        [tenantId],
      )
      return rows
    },
  }
}
