import { recordAudit } from '@sallyport/audit-events/record'
import type { AuditSource } from '@sallyport/audit-events/source'
import { SallyportError } from '@sallyport/errors/error'
import type { Logger } from '@sallyport/telemetry/logger'
import type { Database } from '../store/database.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'> }

type Attempt = {
  tenantId: string
  source: AuditSource
  action: 'view' | 'session' | 'rotate'
  /** The service that asks. */
  to: string
  credentialId?: string | undefined
  deviceId?: string | undefined
  requestId?: string | undefined
  grantId?: string | undefined
  log: Logger
}

/** Runs what gives out a secret; if it refuses, the trail says so in a transaction of its own. */
export const auditRefusal = async <R>(deps: Deps, attempt: Attempt, work: () => Promise<R>): Promise<R> => {
  try {
    return await work()
  } catch (thrown) {
    await record(deps, attempt, SallyportError.from(thrown)).catch((err: unknown) =>
      attempt.log.error({ err }, 'A refusal could not be audited'),
    )
    throw thrown
  }
}

const record = ({ database }: Deps, attempt: Attempt, { reason }: SallyportError): Promise<void> =>
  database.sqlInTenant(attempt.tenantId, async sql => {
    const { source, credentialId, requestId, grantId, action, deviceId, to } = attempt
    const target = credentialId === undefined ? undefined : { kind: 'credential', id: credentialId }
    const about = { target, requestId, grantId, outcome: 'failure' } as const
    await recordAudit(sql, source, 'secret.refused', {
      ...about,
      details: { reason, action, device_id: deviceId, to },
    })
    if (reason !== 'sealed_value.refused') return
    await recordAudit(sql, source, 'encryption.failed', {
      ...about,
      details: { table: 'secret_versions', reason },
    })
  })
