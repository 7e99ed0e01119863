import { sqlOf } from '@sallyport/database/sql'
import { userGroupIdsOf } from './policy.ts'
import type { Tx } from './store.ts'

// By the approver's own rows: whatever others have pending is not looked at.
const toDecideSql = `
  select distinct open.request_id as id
  from request_approvers open
  join requests r on r.id = open.request_id and r.requester_id <> $1::uuid
  where open.approver_id = any($2::uuid[]) and ($3::uuid is null or open.request_id < $3::uuid)
    and not exists (select from approvals v where v.request_id = open.request_id and v.approver_id = $1::uuid)
  order by id desc limit $4::int`

/** Pending requests of others on which a user may decide and has not, newest first. */
export const requestIdsToDecide = async (
  tx: Tx,
  userId: string,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<string[]> => {
  const approvers = [userId, ...(await userGroupIdsOf(tx, userId))]
  const rows = await sqlOf(tx).query<{ id: string }>(toDecideSql, [userId, approvers, before ?? null, limit])
  return rows.map(({ id }) => id)
}
