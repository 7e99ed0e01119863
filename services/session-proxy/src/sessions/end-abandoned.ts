import type { RecordingId, RecordingStore } from '../recording/recording-store.ts'
import type { Database } from '../store/database.ts'
import type { Found } from '../store/nodes.ts'
import type { SessionLedger } from '../store/session-ledger.ts'
import { getSession, type SessionRow } from '../store/sessions.ts'
import type { SessionFacts } from './live-session.ts'

export type EndAbandonedDeps = {
  readonly database: Pick<Database, 'inTenant'>
  readonly ledger: Pick<SessionLedger, 'ended'>
  readonly recordings: Pick<RecordingStore, 'salvage'>
  readonly clock: { now(): Date }
}

/**
 * Ends sessions whose proxy died: their connections died with it. Their recordings are valid up to the last whole
 * segment, and not complete. How many there are is written down, so that none can be cut off later.
 */
export const endAbandoned = async (deps: EndAbandonedDeps, found: readonly Found[]): Promise<void> => {
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
}

const salvaged = ({ recordings }: EndAbandonedDeps, id: RecordingId): Promise<number | null> =>
  // A session that died while its recording was made has none.
  recordings.salvage(id).catch(() => null)

const factsOf = (row: SessionRow): SessionFacts => ({
  ...row,
  requestId: row.requestId ?? '',
  protocol: 'ssh',
  kind: row.kind === 'exec' ? 'exec' : 'shell',
})
