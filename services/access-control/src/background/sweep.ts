import { sqlOfPg } from '@sallyport/database/sql'
import type { Deps } from '../deps.ts'
import { idleSince } from '../domain/session-life.ts'
import { finishGrants } from '../grants/end-grants.ts'
import { revokeLoginSessions } from '../grants/end-logins.ts'
import { endRequest } from '../grants/end-requests.ts'
import { systemSource } from '../store/audit.ts'
import { recheckTargets } from './recheck-targets.ts'

type SweepDeps = Pick<Deps, 'store' | 'targets' | 'clock' | 'workerPool'>

/** Tenants in which something is due. */
const dueSql = `
  select tenant_id from requests where state in ('pending', 'approved') and end_at <= $1
  union select tenant_id from grants where ended_at is null and ends_at <= $1
  union select tenant_id from login_sessions
    where ended_at is null and (expires_at <= $1 or (channel <> 'ssh' and last_used_at <= $2))
  union select tenant_id from login_challenges where expires_at <= $1
  union select tenant_id from target_changes`

/** Ends what is over, in every tenant. Several replicas may do so at once; each thing ends once. */
export const sweep = async (deps: SweepDeps): Promise<void> => {
  const now = deps.clock.now()
  const due = await sqlOfPg(deps.workerPool).query<{ tenant_id: string }>(dueSql, [now, idleSince(now)])
  const failures: unknown[] = []
  for (const { tenant_id: tenantId } of due) {
    // What fails in one tenant, or at the vault, keeps nothing else from ending.
    for (const work of [sweepTenant, recheckTargets]) {
      await work(deps, tenantId).catch((thrown: unknown) => failures.push(thrown))
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'Some of what is due did not end')
}

const sweepTenant = ({ store, clock }: SweepDeps, tenantId: string): Promise<void> =>
  store.ending(tenantId, async tx => {
    const now = clock.now()
    const ending = { tx, by: systemSource(tenantId), reason: 'Your login was idle or too old', now }
    await tx.loginChallenge.deleteMany({ where: { expiresAt: { lte: now } } })
    await revokeLoginSessions(ending, {
      OR: [{ expiresAt: { lte: now } }, { channel: { not: 'ssh' }, lastUsedAt: { lte: idleSince(now) } }],
    })
    await finishGrants(ending)
    const over = await tx.request.findMany({
      where: { state: { in: ['pending', 'approved'] }, end: { lte: now } },
      take: 500,
    })
    for (const request of over)
      await endRequest({ ...ending, reason: 'The window is over' }, request, 'expired')
  })
