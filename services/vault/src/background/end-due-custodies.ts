import { endCustody } from '../custody/end-custody.ts'
import type { Database } from '../store/database.ts'

type Deps = { database: Pick<Database, 'asWorker' | 'sqlInTenant'>; now: () => Date }

const BATCH = 100

/** Ends custodies whose time is over, in every tenant. Custody counts as over before that; this tells the others. */
export const endDueCustodies = async ({ database, now }: Deps): Promise<void> => {
  const due = await database.asWorker(sql =>
    sql.query<{ id: string; tenant_id: string }>(
      'select id, tenant_id from custodies where ended_at is null and until <= $1 order by until limit $2',
      [now(), BATCH],
    ),
  )
  for (const { id, tenant_id: tenantId } of due)
    await database.sqlInTenant(tenantId, sql =>
      endCustody(sql, { service: 'vault', tenantId }, { id }, { tenantId, reason: 'expired', now: now() }),
    )
}
