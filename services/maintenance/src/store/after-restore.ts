import { recordAudit } from '@sallyport/audit-events/record'
import { sqlOfPg } from '@sallyport/database/sql'
import type pg from 'pg'
import type { Manifest } from '../backup/manifest.ts'

/**
 * What a restored installation must not take over from its past, and must say: who was signed in is not any more, since
 * somebody may have been signed out since; and each tenant’s trail tells that it was restored.
 * INVARIANT: it commits together with what was restored.
 * @param lostUpTo how far each tenant’s trail had been signed, where that is known and more than the backup has
 */
export const afterRestore = async (
  client: pg.Client,
  { id, snapshotAt, heads }: Manifest,
  lostUpTo: ReadonlyMap<string, number>,
): Promise<void> => {
  const ended = await client.query<{ tenant_id: string }>(
    'update access_control.login_sessions set ended_at = now() where ended_at is null returning tenant_id',
  )
  const sessions = Map.groupBy(ended.rows, row => row.tenant_id)
  await client.query("select set_config('search_path', 'audit', true)")
  for (const { tenantId, sequence } of heads)
    await recordAudit(sqlOfPg(client), { service: 'maintenance', tenantId }, 'installation.restored', {
      details: {
        backup: id,
        snapshot_at: new Date(snapshotAt),
        sequence,
        lost_up_to: lostUpTo.get(tenantId),
        login_sessions_ended: sessions.get(tenantId)?.length ?? 0,
      },
    })
}
