import type { RecordingId, RecordingStore } from '../recording/recording-store.ts'
import type { Database } from '../store/database.ts'
import type { SessionLedger } from '../store/session-ledger.ts'
import { findLive } from '../store/session-rows.ts'
import { getSession, type SessionRow } from '../store/sessions.ts'
import type { SessionFacts } from './live-session.ts'

type Deps = {
  readonly database: Pick<Database, 'asWorker' | 'inTenant'>
  readonly ledger: Pick<SessionLedger, 'ended'>
  readonly recordings: Pick<RecordingStore, 'salvage'>
  readonly clock: { now(): Date }
  readonly instance: string
}

/**
 * Ends the sessions that this node carried when it died: their connections died with it. Before it opens its door.
 * Their recordings are valid up to the last whole segment, and not complete. How many there are is written down, so that
 * none can be cut off later.
 */
export const endSessionsOfCrash = async (deps: Deps): Promise<number> => {
  const found = await deps.database.asWorker(sql => findLive(sql, deps.instance))
  for (const { id, tenant_id } of found) {
    const row = await deps.database.inTenant(tenant_id, tx => getSession(tx, tenant_id, id))
    await deps.ledger.ended(factsOf(row), {
      reason: 'proxy-stopped',
      detail: 'The session proxy stopped without ending the session.',
      at: deps.clock.now(),
      segments: await salvaged(deps, { tenantId: tenant_id, sessionId: id }),
      bytes: 0,
    })
  }
  return found.length
}

const salvaged = ({ recordings }: Deps, id: RecordingId): Promise<number | null> =>
  // A session that died while its recording was made has none.
  recordings.salvage(id).catch(() => null)

const factsOf = (row: SessionRow): SessionFacts => ({
  ...row,
  requestId: row.requestId ?? '',
  protocol: 'ssh',
  kind: row.kind === 'exec' ? 'exec' : 'shell',
})
