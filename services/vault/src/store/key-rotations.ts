import type { Sql } from '@sallyport/database/sql'

export type KeyScope = 'root' | 'tenant'
export type KeyRotationState = 'running' | 'done' | 'failed'

export type KeyRotationRow = {
  id: string
  tenant_id: string
  scope: KeyScope
  state: KeyRotationState
  from_key_id: string
  to_key_id: string | null
  /** Counts are 64 bits; `pg` gives them as text. */
  rewrapped: string
  total: string
  started_at: Date
  ended_at: Date | null
}

const columns =
  'id, tenant_id, scope, state, from_key_id, to_key_id, rewrapped::text, total::text, started_at, ended_at'

type NewKeyRotation = {
  id: string
  tenantId: string
  scope: KeyScope
  fromKeyId: string
  total: bigint
  startedBy: string | undefined
  now: Date
}

/** Starts a rotation; undefined if one of the same key is running. */
export const insertKeyRotation = async (
  sql: Sql,
  rotation: NewKeyRotation,
): Promise<KeyRotationRow | undefined> => {
  const [row] = await sql.query<KeyRotationRow>(
    `insert into key_rotations (id, tenant_id, scope, state, from_key_id, total, started_by, started_at)
     values ($1::uuid, $2::uuid, $3, 'running', $4, $5::bigint, $6::uuid, $7::timestamptz) on conflict do nothing returning ${columns}`,
    [
      rotation.id,
      rotation.tenantId,
      rotation.scope,
      rotation.fromKeyId,
      rotation.total,
      rotation.startedBy ?? null,
      rotation.now,
    ],
  )
  return row
}

export const findKeyRotation = async (
  sql: Sql,
  tenantId: string,
  id: string,
): Promise<KeyRotationRow | undefined> => {
  const [row] = await sql.query<KeyRotationRow>(
    `select ${columns} from key_rotations where tenant_id = $1 and id = $2`,
    [tenantId, id],
  )
  return row
}

/** A page, newest first. */
export const listKeyRotations = (
  sql: Sql,
  tenantId: string,
  page: { before: string | undefined; limit: number },
): Promise<KeyRotationRow[]> =>
  sql.query<KeyRotationRow>(
    `select ${columns} from key_rotations where tenant_id = $1::uuid and ($2::uuid is null or id < $2::uuid)
     order by id desc limit $3`,
    [tenantId, page.before ?? null, page.limit],
  )

/**
 * A running rotation, if no other process works on it: whoever gets it has it until the transaction's end.
 */
export const claimKeyRotation = async (
  sql: Sql,
  tenantId: string,
  id: string,
): Promise<KeyRotationRow | undefined> => {
  const [row] = await sql.query<KeyRotationRow>(
    `select ${columns} from key_rotations where tenant_id = $1 and id = $2 and state = 'running'
     for update skip locked`,
    [tenantId, id],
  )
  return row
}

export const noteNewKey = async (sql: Sql, rotation: KeyRotationRow, toKeyId: string): Promise<void> => {
  await sql.query('update key_rotations set to_key_id = $3 where tenant_id = $1::uuid and id = $2::uuid', [
    rotation.tenant_id,
    rotation.id,
    toKeyId,
  ])
}

export const noteProgress = async (sql: Sql, rotation: KeyRotationRow, rewrapped: number): Promise<void> => {
  await sql.query(
    `update key_rotations set rewrapped = rewrapped + $3, total = greatest(total, rewrapped + $3)
     where tenant_id = $1 and id = $2`,
    [rotation.tenant_id, rotation.id, rewrapped],
  )
}

export const endKeyRotation = async (
  sql: Sql,
  rotation: KeyRotationRow,
  state: 'done' | 'failed',
  now: Date,
): Promise<void> => {
  await sql.query('update key_rotations set state = $3, ended_at = $4 where tenant_id = $1 and id = $2', [
    rotation.tenant_id,
    rotation.id,
    state,
    now,
  ])
}
