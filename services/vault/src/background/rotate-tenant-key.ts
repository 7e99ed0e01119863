import type { Sql } from '@sallyport/database/sql'
import { rewrapSecret } from '../sealing/secret-sealer.ts'
import type { TenantKeyRing } from '../sealing/tenant-keys.ts'
import { claimKeyRotation, noteProgress } from '../store/key-rotations.ts'
import { finish, type RotateDeps } from './key-rotation-step.ts'

/** Rewraps one batch of a tenant's data keys; after the last one deletes the tenant's old keys. */
export const rotateTenantKey = async (
  deps: RotateDeps,
  tenantId: string,
  id: string,
): Promise<'more' | 'done'> => {
  const ring = await deps.tenantKeys.ringOf(tenantId)
  return deps.database.sqlInTenant(tenantId, async sql => {
    const rotation = await claimKeyRotation(sql, tenantId, id)
    if (rotation === undefined) return 'done'
    const rewrapped = await rewrapBatch(sql, ring, tenantId, deps.batch)
    await noteProgress(sql, rotation, rewrapped)
    if (rewrapped > 0) return 'more'
    // INVARIANT: a key that anything is under cannot be deleted: every version refers to its key.
    await sql.query('delete from tenant_keys where tenant_id = $1 and not is_primary', [tenantId])
    await finish(sql, deps, tenantId, id, 'done')
    return 'done'
  })
}

type Row = { id: string; credential_id: string; number: number; key_id: string; wrapped_key: Uint8Array }

/** Wraps some of the data keys that are under another tenant key anew; gives how many. */
export const rewrapBatch = async (
  sql: Sql,
  ring: TenantKeyRing,
  tenantId: string,
  batch: number,
): Promise<number> => {
  // By the old keys' own index: to look for what is not under the new one would pass by all that is done already.
  const old = [...ring.byId.keys()].filter(id => id !== ring.primary.id)
  const rows = await sql.query<Row>(
    `select id, credential_id, number, key_id, wrapped_key from secret_versions
     where tenant_id = $1 and key_id = any ($2::uuid[]) limit $3 for update`,
    [tenantId, old, batch],
  )
  const wrapped = rows.map(row => rewrapSecret(ring, placeOf(tenantId, row), sealedOf(row)).wrappedKey)
  await sql.query(
    `update secret_versions as version set key_id = $2, wrapped_key = fresh.wrapped_key
     from unnest($3::uuid[], $4::bytea[]) as fresh (id, wrapped_key)
     where version.tenant_id = $1 and version.id = fresh.id`,
    [tenantId, ring.primary.id, rows.map(({ id }) => id), wrapped],
  )
  return rows.length
}

const placeOf = (tenantId: string, { id, credential_id, number }: Row) => ({
  tenantId,
  credentialId: credential_id,
  versionId: id,
  number,
})

const sealedOf = ({ key_id, wrapped_key }: Row) => ({ keyId: key_id, wrappedKey: wrapped_key })
