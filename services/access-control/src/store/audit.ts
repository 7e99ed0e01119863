import type { AuditCode } from '@sallyport/audit-events/catalogue'
import { type AuditEntry, recordAudit, recordAudits } from '@sallyport/audit-events/record'
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

/** The same for many of one kind that happen at once. */
export const auditAll = <C extends AuditCode>(
  tx: Tx,
  source: AuditSource,
  code: C,
  entries: readonly AuditEntry<C>[],
): Promise<void> => recordAudits(sqlOf(tx), source, code, entries)

/** The service acting by itself (clocks, sweepers, events), or for somebody who is not signed in. */
export const systemSource = (tenantId: string, actor?: AuditActor): SystemSource => ({
  service: 'access-control',
  tenantId,
  ...(actor && { actor }),
})
