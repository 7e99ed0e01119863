import type { Sql } from '@sallyport/database/sql'
import { holdRootKeys } from '../sealing/tenant-keys.ts'
import { countTenantKeys } from '../store/key-counts.ts'
import { claimKeyRotation, type KeyRotationRow, noteNewKey, noteProgress } from '../store/key-rotations.ts'
import { finish, type RotateDeps } from './key-rotation-step.ts'

/**
 * Makes the new root key; or rewraps one batch of tenant keys; or, after the last one, retires the old root key.
 * `tenantId` is the operator's, whose rotation it is; the keys are every tenant's.
 */
export const rotateRootKey = async (
  deps: RotateDeps,
  tenantId: string,
  id: string,
): Promise<'more' | 'done'> => {
  const rotation = await deps.database.sqlInTenant(tenantId, sql => prepare(sql, deps, tenantId, id))
  if (rotation === undefined || rotation.to_key_id === null) return 'done'
  const { to_key_id: toKeyId } = rotation
  const keys = await deps.database.asWorker(sql =>
    sql.query<{ id: string; tenant_id: string }>(
      'select id, tenant_id from tenant_keys where root_key_id <> $1 order by id limit $2',
      [toKeyId, deps.batch],
    ),
  )
  for (const key of keys)
    await deps.database.sqlInTenant(key.tenant_id, sql => deps.tenantKeys.rewrap(sql, key.tenant_id, key.id))
  return deps.database.sqlInTenant(tenantId, sql => advance(sql, deps, tenantId, id, keys.length))
}

const prepare = async (
  sql: Sql,
  { rootKeys }: RotateDeps,
  tenantId: string,
  id: string,
): Promise<KeyRotationRow | undefined> => {
  const rotation = await claimKeyRotation(sql, tenantId, id)
  if (rotation === undefined || rotation.to_key_id !== null) return rotation
  // After a crash between making the key and noting it, the key is there already, as the primary one.
  const primary = await rootKeys.primaryKeyId()
  const toKeyId = primary === rotation.from_key_id ? await rootKeys.addKey() : primary
  await noteNewKey(sql, rotation, toKeyId)
  return { ...rotation, to_key_id: toKeyId }
}

const advance = async (
  sql: Sql,
  deps: RotateDeps,
  tenantId: string,
  id: string,
  rewrapped: number,
): Promise<'more' | 'done'> => {
  const rotation = await claimKeyRotation(sql, tenantId, id)
  if (rotation === undefined || rotation.to_key_id === null) return 'done'
  const { to_key_id: toKeyId } = rotation
  await noteProgress(sql, rotation, rewrapped)
  if (rewrapped > 0) return 'more'
  await holdRootKeys(sql, 'alone')
  const left = await deps.database.asWorker(worker => countTenantKeys(worker, toKeyId))
  if (left > 0n) return 'more'
  await deps.rootKeys.retireKey(rotation.from_key_id)
  await finish(sql, deps, tenantId, id, 'done')
  return 'done'
}
