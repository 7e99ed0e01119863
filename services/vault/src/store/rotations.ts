import type { Sql } from '@sallyport/database/sql'
import type { Rotation, RotationState } from '../domain/rotation.ts'

type Row = {
  operation_id: string
  credential_id: string
  fencing_token: string
  state: RotationState
  candidate_number: number
  started_at: Date
}

const columns = 'operation_id, credential_id, fencing_token::text, state, candidate_number, started_at'

/** An operation's rotation, locked until the transaction's end. */
export const lockRotation = async (
  sql: Sql,
  tenantId: string,
  operationId: string,
): Promise<Rotation | undefined> => {
  const [row] = await sql.query<Row>(
    `select ${columns} from rotations where tenant_id = $1 and operation_id = $2 for update`,
    [tenantId, operationId],
  )
  return row && rotationOf(row)
}

/** The rotation of a credential that has not ended. */
export const findOpenRotation = async (
  sql: Sql,
  tenantId: string,
  credentialId: string,
): Promise<Rotation | undefined> => {
  const [row] = await sql.query<Row>(
    `select ${columns} from rotations
     where tenant_id = $1::uuid and credential_id = $2::uuid and state = 'open'`,
    [tenantId, credentialId],
  )
  return row && rotationOf(row)
}

export const insertRotation = async (
  sql: Sql,
  tenantId: string,
  rotation: Omit<Rotation, 'state'>,
): Promise<void> => {
  await sql.query(
    `insert into rotations (tenant_id, operation_id, credential_id, fencing_token, state, candidate_number, started_at)
     values ($1, $2, $3, $4, 'open', $5, $6)`,
    [
      tenantId,
      rotation.operationId,
      rotation.credentialId,
      rotation.fencingToken,
      rotation.candidateNumber,
      rotation.startedAt,
    ],
  )
}

/** Notes the newest attempt seen; the rotation must be locked. */
export const raiseFence = async (
  sql: Sql,
  tenantId: string,
  operationId: string,
  token: bigint,
): Promise<void> => {
  await sql.query('update rotations set fencing_token = $3 where tenant_id = $1 and operation_id = $2', [
    tenantId,
    operationId,
    token,
  ])
}

export const endRotation = async (
  sql: Sql,
  tenantId: string,
  operationId: string,
  state: 'promoted' | 'abandoned',
  now: Date,
): Promise<void> => {
  await sql.query(
    'update rotations set state = $3, ended_at = $4 where tenant_id = $1 and operation_id = $2',
    [tenantId, operationId, state, now],
  )
}

const rotationOf = (row: Row): Rotation => ({
  operationId: row.operation_id,
  credentialId: row.credential_id,
  fencingToken: BigInt(row.fencing_token),
  state: row.state,
  candidateNumber: row.candidate_number,
  startedAt: row.started_at,
})
