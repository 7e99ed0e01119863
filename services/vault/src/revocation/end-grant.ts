import type { Sql } from '@sallyport/database/sql'
import { endCustody } from '../custody/end-custody.ts'
import type { CustodyEnd } from '../domain/custody.ts'
import { voidTickets } from '../store/reveal-tickets.ts'

/** Ends everything that vault gave for a grant. Doing it again changes nothing. */
export const endGrant = async (
  sql: Sql,
  grant: { tenantId: string; grantId: string },
  reason: Extract<CustodyEnd, 'revoked' | 'expired'>,
  now: Date,
): Promise<void> => {
  const { tenantId, grantId } = grant
  await voidTickets(sql, tenantId, { grantId }, now)
  await endCustody(sql, { service: 'vault', tenantId }, { grantId }, { tenantId, reason, now })
}
