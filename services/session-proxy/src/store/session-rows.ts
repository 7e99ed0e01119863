import type { Sql } from '@sallyport/database/sql'
import type { SessionFacts } from '../sessions/live-session.ts'
import type { Found } from './nodes.ts'
import type { Ended } from './session-ledger.ts'

export const insertSession = async (sql: Sql, facts: SessionFacts, instance: string): Promise<void> => {
  await sql.query(
    `insert into sessions (id, tenant_id, user_id, user_name, login_session_id, source_address, credential_id,
       device_id, target_name, grant_id, request_id, protocol, kind, command, started_at, ends_at, instance)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
    [
      facts.id,
      facts.tenantId,
      facts.userId,
      facts.userName,
      facts.loginSessionId,
      facts.sourceAddress,
      facts.credentialId,
      facts.deviceId,
      facts.targetName,
      facts.grantId,
      facts.requestId || null,
      facts.protocol,
      facts.kind,
      // PostgreSQL stores no NUL; no shell gets one past its argument's end either.
      facts.command.replaceAll('\0', '\ufffd'),
      facts.startedAt,
      facts.endsAt,
      instance,
    ],
  )
}

/** Gives false if the session had ended already. */
export const endSession = async (sql: Sql, id: string, end: Ended): Promise<boolean> => {
  const ended = await sql.query(
    `update sessions set ended_at = $2, end_reason = $3, end_detail = $4, exit_status = $5, recorded_bytes = $6,
       segments = $7
     where id = $1 and ended_at is null returning id`,
    [id, end.at, end.reason, end.detail, end.exitStatus ?? null, end.bytes, end.segments],
  )
  return ended.length === 1
}

/** Sessions of a node that have no end, in all tenants. As the worker role. */
export const findLive = (sql: Sql, instance: string): Promise<Found[]> =>
  sql.query<Found>('select id, tenant_id from sessions where instance = $1 and ended_at is null', [instance])

/** Sessions of a node that somebody wants cut, with the reason. As the worker role. */
export const findTerminations = (
  sql: Sql,
  instance: string,
): Promise<{ id: string; terminate_reason: string }[]> =>
  sql.query(
    `select id, terminate_reason from sessions
     where instance = $1 and ended_at is null and terminate_reason is not null`,
    [instance],
  )

/** Asks the node that carries a live session to cut it. Gives false if it has ended, or somebody asked before. */
export const requestTermination = async (sql: Sql, id: string, reason: string): Promise<boolean> => {
  const asked = await sql.query(
    `update sessions set terminate_reason = $2
     where id = $1::uuid and ended_at is null and terminate_reason is null returning id`,
    [id, reason],
  )
  return asked.length === 1
}
