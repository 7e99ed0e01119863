import type { Database } from '../store/database.ts'
import type { SessionLedger } from '../store/session-ledger.ts'
import { findLive } from '../store/session-rows.ts'
import { getSession, type SessionRow } from '../store/sessions.ts'
import type { SessionFacts } from './live-session.ts'

type Deps = {
  readonly database: Pick<Database, 'asWorker' | 'inTenant'>
  readonly ledger: Pick<SessionLedger, 'ended'>
  readonly clock: { now(): Date }
  readonly instance: string
}

/**
 * Ends the sessions that this node carried when it died: their connections died with it. Before it opens its door.
 * The recordings stay valid up to their last segment, and are not complete.
 */
export const endSessionsOfCrash = async (deps: Deps): Promise<number> => {
  const found = await deps.database.asWorker(sql => findLive(sql, deps.instance))
  for (const { id, tenant_id } of found) {
    const row = await deps.database.inTenant(tenant_id, tx => getSession(tx, tenant_id, id))
    await deps.ledger.ended(factsOf(row), {
      reason: 'proxy-stopped',
      detail: 'The session proxy stopped without ending the session.',
      at: deps.clock.now(),
      segments: null,
      bytes: 0,
    })
  }
  return found.length
}

const factsOf = (row: SessionRow): SessionFacts => ({
  ...row,
  requestId: row.requestId ?? '',
  protocol: 'ssh',
  kind: row.kind === 'exec' ? 'exec' : 'shell',
})
