import type { AuditSource } from '@sallyport/audit-events/source'
import { recordAudit } from '@sallyport/audit-events/record'
import type { Sql } from '@sallyport/database/sql'
import type { CustodyEnd } from '../domain/custody.ts'
import { publishCustodyEnded } from '../events/published.ts'
import { type CustodyFilter, type CustodyRow, endCustodies } from '../store/custodies.ts'
import { voidTickets } from '../store/reveal-tickets.ts'

type End = {
  tenantId: string
  reason: CustodyEnd
  now: Date
  /** Why somebody took it back, in their words. */
  comment?: string
}

/** Ends live custodies and what hangs on them, and says so. Gives those that it ended. */
export const endCustody = async (
  sql: Sql,
  source: AuditSource,
  filter: CustodyFilter,
  { tenantId, reason, now, comment }: End,
): Promise<CustodyRow[]> => {
  const ended = await endCustodies(sql, tenantId, filter, reason, now)
  for (const custody of ended) {
    const { id, credential_id: credentialId, holder_user_id: userId } = custody
    await voidTickets(sql, tenantId, { credentialId, userId }, now)
    await publishCustodyEnded(sql, { tenantId, custodyId: id, credentialId, userId, reason })
    await recordAudit(sql, source, 'custody.ended', {
      target: { kind: 'credential', id: credentialId },
      requestId: custody.request_id ?? undefined,
      details: { custody_id: id, reason, holder_id: userId, comment },
    })
  }
  return ended
}
