import { sqlOf } from '@sallyport/database/sql'
import type { AuditSource } from '@sallyport/audit-events/source'
import { grantsEnded } from '../events/published.ts'
import type { Grant, Prisma } from '../generated/prisma/client.ts'
import { auditAll } from '../store/audit.ts'
import type { Tx } from '../store/store.ts'
import { channels } from './notify.ts'

/** Why and by whom something ends. Only to be made in an ending transaction of the store. */
export type Ending = {
  tx: Tx
  by: AuditSource
  /** A sentence for the person whose session ends. */
  reason: string
  now: Date
}

/**
 * Ends the live grants that a condition selects: the rows, the revocation stream, the events and the audit trail in
 * one transaction. Gives how many.
 */
export const revokeGrants = async (ending: Ending, where: Prisma.GrantWhereInput): Promise<number> => {
  const { tx, now, reason } = ending
  const grants = await tx.grant.findMany({ where: { AND: [where, { endedAt: null, endsAt: { gt: now } }] } })
  if (grants.length === 0) return 0
  await tx.grant.updateMany({
    where: { id: { in: grants.map(grant => grant.id) } },
    data: { endedAt: now, revokedAt: now, revokedReason: reason },
  })
  await grantsEnded(tx, grants, 'revoked', now)
  await auditEnds(ending, grants, 'revoked')
  await appendRevocations(ending, grants)
  return grants.length
}

/** Announces the end of grants whose time is over. Enforcers have known that time from the start. */
export const finishGrants = async (ending: Ending): Promise<number> => {
  const { tx, now } = ending
  const grants = await tx.grant.findMany({ where: { endedAt: null, endsAt: { lte: now } }, take: 500 })
  await tx.grant.updateMany({
    where: { id: { in: grants.map(grant => grant.id) } },
    data: { endedAt: now },
  })
  await grantsEnded(tx, grants, 'window-over', now)
  await auditEnds(ending, grants, 'window-over')
  return grants.length
}

const auditEnds = ({ tx, by }: Ending, grants: readonly Grant[], cause: string): Promise<void> =>
  auditAll(
    tx,
    by,
    'grant.ended',
    grants.map(grant => ({
      target: { kind: 'grant', id: grant.id },
      grantId: grant.id,
      ...(grant.requestId !== null && { requestId: grant.requestId }),
      details: { action: grant.action, cause },
    })),
  )

/**
 * INVARIANT: positions become visible in their order, or an enforcer that has read a later one would never see an
 * earlier one. So the lock is held from drawing a position until the commit, and drawing comes last.
 */
const appendRevocations = async ({ tx, reason, now }: Ending, grants: readonly Grant[]): Promise<void> => {
  const sql = sqlOf(tx)
  await sql.query("select from (select pg_advisory_xact_lock(hashtextextended('revocations', 0))) lock", [])
  await sql.query(
    `insert into revocations (tenant_id, grant_id, reason, revoked_at)
     select tenant_id::uuid, grant_id::uuid, $3::text, $4::timestamptz
     from unnest($1::text[], $2::text[]) as ended (tenant_id, grant_id)`,
    [grants.map(grant => grant.tenantId), grants.map(grant => grant.id), reason, now],
  )
  await sql.query("select from (select pg_notify($1, '')) sent", [channels.revocations])
}
