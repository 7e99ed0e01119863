import { recordAudit } from '@sallyport/audit-events/record'
import { pgTransaction } from '@sallyport/database/transaction'
import type { ServiceName } from '@sallyport/identity/services'
import type { Pool } from 'pg'
import type { Refusal } from './server.ts'

/**
 * Writes `call.refused` for each refused call of a known tenant, in a transaction of its own.
 * A call without a good caller token belongs to no tenant's trail; the log has it.
 */
export const auditRefusals =
  (pool: Pool, service: ServiceName) =>
  async ({ caller, method, service: peer, requestId, error }: Refusal): Promise<void> => {
    if (!caller) return
    const source = {
      service,
      tenantId: caller.tenantId,
      actor: {
        kind: 'user',
        id: caller.userId,
        name: caller.userName,
        loginSessionId: caller.loginSessionId,
        sourceAddress: caller.sourceAddress,
      },
      correlationId: requestId,
    } as const
    const details = {
      method,
      peer: peer ?? 'unknown',
      reason: error.reason,
      permission: error.metadata['permission'] ?? '',
    }
    await pgTransaction(pool, sql =>
      recordAudit(sql, source, 'call.refused', { outcome: 'failure', details }),
    )
  }
