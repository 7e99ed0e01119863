import { recordAudit } from '@sallyport/audit-events/record'
import type { SystemSource } from '@sallyport/audit-events/source'
import type { Sql } from '@sallyport/database/sql'
import type { Verdict } from '../domain/rotation/decide.ts'
import type { JournalStep } from '../domain/rotation/journal.ts'
import type { Ending, Job } from '../store/job.ts'

/** What the worker does is this service's own doing. */
export const systemSource = (tenantId: string): SystemSource => ({ service: 'execution', tenantId })

const about = (job: Job) => ({
  target: { kind: 'credential', id: job.credentialId },
  ...(job.trigger === 'window' && { requestId: job.causeId }),
  ...(job.trigger === 'session' && { sessionId: job.causeId }),
})

const detailsOf = (job: Job) => ({
  operation_id: job.lease.operationId,
  credential_id: job.credentialId,
  device_id: job.deviceId,
})

export const auditAttemptStart = (sql: Sql, job: Job): Promise<void> =>
  recordAudit(sql, systemSource(job.lease.tenantId), 'operation.started', {
    ...about(job),
    details: {
      ...detailsOf(job),
      kind: 'change-password',
      attempt: job.number,
      template: job.templateId,
      template_version: job.templateVersion,
    },
  })

/** What the target said when it was asked after an interruption. */
export const auditResolved = (sql: Sql, job: Job, found: Verdict): Promise<void> =>
  recordAudit(sql, systemSource(job.lease.tenantId), 'rotation.resolved', {
    ...about(job),
    details: { ...detailsOf(job), found, step: job.reached },
  })

export const auditAttemptEnd = async (
  sql: Sql,
  job: Job,
  step: JournalStep,
  ending: Ending,
): Promise<void> => {
  const source = systemSource(job.lease.tenantId)
  if (ending.kind === 'succeeded') {
    const details = { ...detailsOf(job), version: ending.version, trigger: job.trigger }
    await recordAudit(sql, source, 'rotation.succeeded', { ...about(job), details })
    return
  }
  if (ending.hostKey !== undefined) {
    const target = { kind: 'device', id: job.deviceId }
    const details = { fingerprint: ending.hostKey }
    await recordAudit(sql, source, 'device.host_key_changed', { target, outcome: 'failure', details })
  }
  const failed = { ...about(job), outcome: 'failure' } as const
  const details = { ...detailsOf(job), step, reason: ending.code }
  if (ending.kind === 'retry') {
    const attempt = { ...details, kind: 'change-password', attempt: job.number, final: false }
    await recordAudit(sql, source, 'operation.failed', { ...failed, details: attempt })
    return
  }
  await recordAudit(sql, source, 'rotation.failed', {
    ...failed,
    details: { ...details, state: ending.kind },
  })
}
