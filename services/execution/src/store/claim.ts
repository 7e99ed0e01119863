import { pgTransaction } from '@sallyport/database/transaction'
import type { Pool } from 'pg'
import { type Lease, leaseSeconds } from '../domain/operation/lease.ts'

type Row = { id: string; tenant_id: string; fencing_token: string }

// One whose outcome is unknown gets one more attempt at a time. Each subselect locks one row that nobody else is
// claiming, so workers never wait for each other; and each has a partial index of its own, so that a claim takes as long
// with a million waiting as with ten. The later ones run only if the earlier ones find nothing. The coalesce stands in a
// subselect of its own: row-level security lets an index be used for a plain value only.
const statement = `
  update operations
  set state = 'running', lease_owner = $1::text, lease_until = now() + make_interval(secs => $2::int),
      fencing_token = fencing_token + 1, attempts = attempts + 1, version = version + 1,
      max_attempts = case when state = 'unknown' then attempts + 1 else max_attempts end
  where id = (select coalesce(
    (select id from operations where state = 'running' and lease_until < now()
     order by lease_until limit 1 for update skip locked),
    (select id from operations where state = 'unknown' and resolve_at <= now()
     order by resolve_at limit 1 for update skip locked),
    (select id from operations where state = 'scheduled' and due_at <= now()
     order by due_at limit 1 for update skip locked)))
  returning id, tenant_id, fencing_token`

/** Takes the next operation that is due, across tenants. `pool` is the worker role's. */
export const claimNext = async (pool: Pool, owner: string): Promise<Lease | undefined> => {
  const [row] = await pgTransaction(pool, sql => sql.query<Row>(statement, [owner, leaseSeconds]))
  if (row === undefined) return undefined
  return { operationId: row.id, tenantId: row.tenant_id, owner, fencingToken: BigInt(row.fencing_token) }
}
