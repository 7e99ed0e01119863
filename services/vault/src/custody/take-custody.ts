import { recordAudit } from '@sallyport/audit-events/record'
import type { Sql } from '@sallyport/database/sql'
import type { GrantClaims } from '@sallyport/identity/grant'
import type { Call } from '@sallyport/rpc/call'
import { planCheckOut } from '../domain/custody.ts'
import { findLiveCustody, insertCustody, prolongCustody } from '../store/custodies.ts'
import { endCustody } from './end-custody.ts'

/**
 * Puts a credential, which must be locked, in the custody of the grant's subject until the grant ends.
 * Gives the custody's id. Throws `custody.held`.
 */
export const takeCustody = async (
  sql: Sql,
  call: Call,
  grant: GrantClaims,
  { id, now }: { id: string; now: Date },
): Promise<string> => {
  const { tenantId, credentialId, grantId, endsAt } = grant
  const live = await findLiveCustody(sql, tenantId, credentialId)
  const plan = planCheckOut(live, grant.subject.id, now)
  if (plan === 'keep' && live) {
    await prolongCustody(sql, tenantId, live.id, { grantId, endsAt })
    return live.id
  }
  if (plan === 'expire-and-take' && live)
    await endCustody(sql, call, { id: live.id }, { tenantId, reason: 'expired', now })
  await insertCustody(sql, {
    id,
    tenantId,
    credentialId,
    holder: grant.subject,
    grantId,
    requestId: grant.requestId,
    since: now,
    until: endsAt,
  })
  await recordAudit(sql, call, 'custody.started', {
    target: { kind: 'credential', id: credentialId },
    requestId: grant.requestId,
    grantId,
    details: { custody_id: id, ends_at: endsAt },
  })
  return id
}
