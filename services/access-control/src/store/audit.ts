import type { AuditCode } from '@sallyport/audit-events/catalogue'
import { type AuditEntry, recordAudit } from '@sallyport/audit-events/record'
import type { AuditActor, AuditSource, SystemSource } from '@sallyport/audit-events/source'
import { sqlOf } from '@sallyport/database/sql'
import type { Tx } from './store.ts'

/** Writes an audit event in the transaction of what it tells. If it cannot be written, nothing happened. */
export const audit = <C extends AuditCode>(
  tx: Tx,
  source: AuditSource,
  code: C,
  entry: AuditEntry<C> = {},
): Promise<void> => recordAudit(sqlOf(tx), source, code, entry)

/** The service acting by itself (clocks, sweepers, events), or for somebody who is not signed in. */
export const systemSource = (tenantId: string, actor?: AuditActor): SystemSource => ({
  service: 'access-control',
  tenantId,
  ...(actor && { actor }),
})
