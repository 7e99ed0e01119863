import type { Sql } from '@sallyport/database/sql'
import { recordAudit } from './record.ts'
import { type CallSource, onBehalfOf } from './source.ts'

/** A call that its method's row refused; `Refusal` of `@sallyport/rpc/server` is one. */
export type RefusedCall = {
  readonly method: string
  readonly requestId: string
  readonly service: string | undefined
  readonly caller: CallSource['caller'] | undefined
  readonly error: { readonly reason: string; readonly metadata: Readonly<Record<string, string>> }
}

/** Runs work in a transaction of the tenant, as the service's app role. */
export type TenantSql = (tenantId: string, work: (sql: Sql) => Promise<void>) => Promise<void>

/**
 * Records refused calls of known users: the server's `onRefused`. A call without a verified user belongs to no tenant,
 * and is only in the log.
 */
export const auditRefusals =
  (inTenant: TenantSql) =>
  async ({ method, requestId, service, caller, error }: RefusedCall): Promise<void> => {
    if (!caller) return
    const { tenantId, userId: id, userName: name, loginSessionId, sourceAddress } = caller
    const actor = { kind: 'user', id, name, loginSessionId, sourceAddress } as const
    const source = onBehalfOf({ method, requestId, audited: new Set() }, tenantId, actor)
    const details = { method, peer: service, reason: error.reason, permission: error.metadata['permission'] }
    await inTenant(tenantId, sql => recordAudit(sql, source, 'call.refused', { outcome: 'failure', details }))
  }
