import { createHash } from 'node:crypto'
import type { Sql } from '@sallyport/database/sql'
import type { RevealTicket } from '../domain/reveal-ticket.ts'

export type StoredTicket = RevealTicket & {
  id: string
  credentialId: string
  deviceId: string
  grantId: string
  grantIssuedAt: Date
  requestId: string | undefined
}

type Row = {
  id: string
  credential_id: string
  device_id: string
  user_id: string
  login_session_id: string | null
  grant_id: string
  grant_issued_at: Date
  request_id: string | null
  expires_at: Date
  used_at: Date | null
}

/** Tickets have 256 random bits, so that a plain hash is enough: there is nothing to guess. */
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

type NewTicket = Omit<StoredTicket, 'usedAt'> & { tenantId: string; token: string; createdAt: Date }

export const insertTicket = async (sql: Sql, ticket: NewTicket): Promise<void> => {
  await sql.query(
    `insert into reveal_tickets (id, tenant_id, token_hash, credential_id, device_id, user_id, login_session_id,
       grant_id, grant_issued_at, request_id, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      ticket.id,
      ticket.tenantId,
      hashOf(ticket.token),
      ticket.credentialId,
      ticket.deviceId,
      ticket.userId,
      ticket.loginSessionId ?? null,
      ticket.grantId,
      ticket.grantIssuedAt,
      ticket.requestId ?? null,
      ticket.createdAt,
      ticket.expiresAt,
    ],
  )
}

export const findTicket = async (
  sql: Sql,
  tenantId: string,
  token: string,
): Promise<StoredTicket | undefined> => {
  const [row] = await sql.query<Row>(
    `select id, credential_id, device_id, user_id, login_session_id, grant_id, grant_issued_at, request_id,
       expires_at, used_at
     from reveal_tickets where tenant_id = $1 and token_hash = $2`,
    [tenantId, hashOf(token)],
  )
  return row && ticketOf(row)
}

/** Marks a ticket as used. INVARIANT: of all who try, exactly one gets true. */
export const useTicket = async (sql: Sql, tenantId: string, id: string, now: Date): Promise<boolean> => {
  const used = await sql.query(
    `update reveal_tickets set used_at = $3 where tenant_id = $1 and id = $2 and used_at is null and expires_at > $3
     returning id`,
    [tenantId, id, now],
  )
  return used.length === 1
}

/** Takes back the unused tickets of a grant, or one person's for a credential. */
export const voidTickets = async (
  sql: Sql,
  tenantId: string,
  of: { grantId: string } | { credentialId: string; userId: string },
  now: Date,
): Promise<void> => {
  await sql.query(
    `update reveal_tickets set used_at = $2::timestamptz
     where tenant_id = $1::uuid and used_at is null
       and ($3::uuid is null or grant_id = $3::uuid)
       and ($4::uuid is null or credential_id = $4::uuid)
       and ($5::uuid is null or user_id = $5::uuid)`,
    [
      tenantId,
      now,
      'grantId' in of ? of.grantId : null,
      'credentialId' in of ? of.credentialId : null,
      'userId' in of ? of.userId : null,
    ],
  )
}

const ticketOf = (row: Row): StoredTicket => ({
  id: row.id,
  credentialId: row.credential_id,
  deviceId: row.device_id,
  userId: row.user_id,
  loginSessionId: row.login_session_id ?? undefined,
  grantId: row.grant_id,
  grantIssuedAt: row.grant_issued_at,
  requestId: row.request_id ?? undefined,
  expiresAt: row.expires_at,
  usedAt: row.used_at ?? undefined,
})
