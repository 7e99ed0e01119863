import { KEY_USES_BEFORE_ROTATION } from '../domain/key-uses.ts'
import { beginKeyRotation } from '../sealing/begin-key-rotation.ts'
import type { KeyUses, TenantKeys } from '../sealing/tenant-keys.ts'
import type { Database } from '../store/database.ts'

type Deps = {
  database: Pick<Database, 'sqlInTenant'>
  tenantKeys: Pick<TenantKeys, 'takeUses' | 'addUses' | 'addPrimary'>
  newId: () => string
  now: () => Date
}

/** Writes down how often keys were used since the last time, and rotates those that were used often enough. */
export const countKeyUses = async (deps: Deps): Promise<void> => {
  const failures: unknown[] = []
  for (const uses of deps.tenantKeys.takeUses()) {
    await note(deps, uses).catch((error: unknown) => {
      deps.tenantKeys.addUses(uses)
      failures.push(error)
    })
  }
  if (failures.length > 0) throw failures[0]
}

const note = ({ database, ...deps }: Deps, { tenantId, keyId, count }: KeyUses): Promise<void> =>
  database.sqlInTenant(tenantId, async sql => {
    const [key] = await sql.query<{ uses: string; is_primary: boolean }>(
      `update tenant_keys set uses = uses + $3 where tenant_id = $1::uuid and id = $2::uuid
       returning uses::text, is_primary`,
      [tenantId, keyId, count],
    )
    if (!key?.is_primary || BigInt(key.uses) < KEY_USES_BEFORE_ROTATION) return
    const rotation = { tenantId, scope: 'tenant', fromKeyId: keyId, startedBy: undefined } as const
    await beginKeyRotation(sql, deps, { service: 'vault', tenantId }, rotation)
  })
