import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { CustodyEnd, LiveCustody } from '../domain/custody.ts'

export type CustodyRow = {
  id: string
  credential_id: string
  holder_user_id: string
  holder_user_name: string
  request_id: string | null
  since: Date
  until: Date
  ended_at: Date | null
  ended_reason: CustodyEnd | null
}

const columns = `id, credential_id, holder_user_id, holder_user_name, request_id, since, until, ended_at, ended_reason`

/** The custody of a credential that nobody has ended yet. */
export const findLiveCustody = async (
  sql: Sql,
  tenantId: string,
  credentialId: string,
): Promise<LiveCustody | undefined> => {
  const [row] = await sql.query<CustodyRow>(
    `select ${columns} from custodies
     where tenant_id = $1::uuid and credential_id = $2::uuid and ended_at is null`,
    [tenantId, credentialId],
  )
  return (
    row && {
      id: row.id,
      holderUserId: row.holder_user_id,
      holderUserName: row.holder_user_name,
      until: row.until,
    }
  )
}

type NewCustody = {
  id: string
  tenantId: string
  credentialId: string
  holder: { id: string; name: string }
  grantId: string
  requestId: string | undefined
  since: Date
  until: Date
}

export const insertCustody = async (sql: Sql, custody: NewCustody): Promise<void> => {
  await sql.query(
    `insert into custodies (id, tenant_id, credential_id, holder_user_id, holder_user_name, grant_id, request_id,
       since, until)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      custody.id,
      custody.tenantId,
      custody.credentialId,
      custody.holder.id,
      custody.holder.name,
      custody.grantId,
      custody.requestId ?? null,
      custody.since,
      custody.until,
    ],
  )
}

/** A holder who shows it again keeps it until the later of both ends, under the newer grant. */
export const prolongCustody = async (
  sql: Sql,
  tenantId: string,
  id: string,
  grant: { grantId: string; endsAt: Date },
): Promise<void> => {
  await sql.query(
    `update custodies set until = greatest(until, $3), grant_id = $4 where tenant_id = $1 and id = $2`,
    [tenantId, id, grant.endsAt, grant.grantId],
  )
}

/** Which live custodies to end. */
export type CustodyFilter =
  | { id: string; holderUserId?: string }
  | { grantId: string }
  | { credentialId: string }

/** Ends custodies that are live, and gives them. */
export const endCustodies = (
  sql: Sql,
  tenantId: string,
  filter: CustodyFilter,
  reason: CustodyEnd,
  now: Date,
): Promise<CustodyRow[]> =>
  sql.query<CustodyRow>(
    `update custodies set ended_at = $2::timestamptz, ended_reason = $3
     where tenant_id = $1::uuid and ended_at is null
       and ($4::uuid is null or id = $4::uuid)
       and ($5::uuid is null or holder_user_id = $5::uuid)
       and ($6::uuid is null or grant_id = $6::uuid)
       and ($7::uuid is null or credential_id = $7::uuid)
     returning ${columns}`,
    [
      tenantId,
      now,
      reason,
      'id' in filter ? filter.id : null,
      'holderUserId' in filter ? filter.holderUserId : null,
      'grantId' in filter ? filter.grantId : null,
      'credentialId' in filter ? filter.credentialId : null,
    ],
  )

export type CustodyListRow = CustodyRow & { credential_name: string }

const listed = `
  select custody.*, credential.username as credential_name
  from custodies as custody join credentials as credential on credential.id = custody.credential_id
  where custody.tenant_id = $1::uuid`

/** Throws `custody.not_found`. */
export const readCustody = async (sql: Sql, tenantId: string, id: string): Promise<CustodyListRow> => {
  const [row] = await sql.query<CustodyListRow>(`${listed} and custody.id = $2::uuid`, [tenantId, id])
  if (row === undefined) throw new SallyportError('custody.not_found')
  return row
}

/** A page of custodies, newest first. */
export const listCustodies = (
  sql: Sql,
  tenantId: string,
  filter: { holderUserId: string | undefined; liveOnly: boolean; before: string | undefined; limit: number },
): Promise<CustodyListRow[]> =>
  sql.query<CustodyListRow>(
    `${listed}
       and ($2::uuid is null or custody.holder_user_id = $2::uuid)
       and (not $3::boolean or custody.ended_at is null)
       and ($4::uuid is null or custody.id < $4::uuid)
     order by custody.id desc limit $5`,
    [tenantId, filter.holderUserId ?? null, filter.liveOnly, filter.before ?? null, filter.limit],
  )
