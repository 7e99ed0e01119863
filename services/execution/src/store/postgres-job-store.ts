import { recordAudit } from '@sallyport/audit-events/record'
import type { Sql } from '@sallyport/database/sql'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { Pool } from 'pg'
import { resolveAgainSeconds } from '../domain/operation/back-off.ts'
import { mayResolveLater } from '../domain/rotation/failure.ts'
import { mayHaveSent } from '../domain/rotation/journal.ts'
import { auditAttemptEnd, auditAttemptStart, auditResolved, systemSource } from '../events/audited.ts'
import { rotationEnded } from '../events/published.ts'
import { claimNext } from './claim.ts'
import type { Ending, Job, JobStore } from './job.ts'
import { type Again, closeAttempt, noteStep, renewLease, startAttempt } from './job-rows.ts'
import { scheduleRotation } from './schedule.ts'
import { notePolicyProved } from './proved-policies.ts'

type Pools = {
  /** The app role's: everything inside a tenant. */
  app: Pool
  /** The worker role's: claims only. */
  worker: Pool
}

export const postgresJobStore = ({ app, worker }: Pools): JobStore => {
  const inTenant = <R>(tenantId: string, work: (sql: Sql) => Promise<R>) =>
    pgTenantTransaction(app, tenantId, work)
  return {
    claim: owner => claimNext(worker, owner),
    renew: lease => inTenant(lease.tenantId, sql => renewLease(sql, lease)),
    begin: lease =>
      inTenant(lease.tenantId, async sql => {
        const job = await startAttempt(sql, lease)
        await auditAttemptStart(sql, job)
        return job
      }),
    step: (job, step, log) =>
      inTenant(job.lease.tenantId, sql => noteStep(sql, job, step, log, mayHaveSent(step))),
    resolved: (job, verdict) => inTenant(job.lease.tenantId, sql => auditResolved(sql, job, verdict)),
    end: (job, step, ending, log) =>
      inTenant(job.lease.tenantId, async sql => {
        const again = await closeAttempt(sql, job, { step, log, ...closingOf(ending) })
        await auditAttemptEnd(sql, job, step, ending)
        if (ending.kind === 'retry') return
        if (ending.kind === 'succeeded') await notePolicyProved(sql, job.lease.tenantId, job.credentialId)
        await sayEnded(sql, job, ending.kind === 'succeeded')
        if (ending.kind !== 'unknown' && again !== undefined) await orderAgain(sql, job, again)
      }),
  }
}

const closingOf = (ending: Ending) => {
  const none = { delaySeconds: 0, counts: true, newRotation: false, resolveSeconds: undefined }
  switch (ending.kind) {
    case 'succeeded':
      return { ...none, state: 'succeeded', message: '', errorCode: '' } as const
    case 'retry': {
      const { message, code, delaySeconds, counts } = ending
      return { ...none, state: 'scheduled', message, errorCode: code, delaySeconds, counts } as const
    }
    case 'failed':
    case 'unknown': {
      const { kind, message, code, abandoned } = ending
      const resolveSeconds = kind === 'unknown' && mayResolveLater(code) ? resolveAgainSeconds : undefined
      return {
        ...none,
        state: kind,
        message,
        errorCode: code,
        newRotation: abandoned,
        resolveSeconds,
      } as const
    }
  }
}

const sayEnded = (sql: Sql, { lease, credentialId }: Job, succeeded: boolean) =>
  rotationEnded(sql, { tenantId: lease.tenantId, operationId: lease.operationId, credentialId, succeeded })

/** What asked for a change while one ran came too late for it. */
const orderAgain = async (sql: Sql, { lease: { tenantId }, credentialId, deviceId }: Job, again: Again) => {
  // By the same clock as the start of the attempt that it came too late for.
  const [{ now: happenedAt } = { now: new Date() }] = await sql.query<{ now: Date }>(
    'select clock_timestamp() as now',
    [],
  )
  const scheduled = await scheduleRotation(sql, { tenantId, credentialId, happenedAt, ...again })
  if (scheduled?.scheduling !== 'schedule') return
  await recordAudit(sql, systemSource(tenantId), 'operation.scheduled', {
    target: { kind: 'credential', id: credentialId },
    details: {
      operation_id: scheduled.operationId,
      kind: 'change-password',
      trigger: again.trigger,
      credential_id: credentialId,
      device_id: deviceId,
    },
  })
}
