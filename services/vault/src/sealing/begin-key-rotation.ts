import { recordAudit } from '@sallyport/audit-events/record'
import type { AuditSource } from '@sallyport/audit-events/source'
import type { Sql } from '@sallyport/database/sql'
import { countVersions } from '../store/key-counts.ts'
import { insertKeyRotation, type KeyRotationRow, type KeyScope, noteNewKey } from '../store/key-rotations.ts'
import type { TenantKeys } from './tenant-keys.ts'

type Deps = { tenantKeys: Pick<TenantKeys, 'addPrimary'>; newId: () => string; now: () => Date }

export type NewRotation = {
  tenantId: string
  scope: KeyScope
  fromKeyId: string
  /** How many values there are to rewrap; the tenant's versions unless given. */
  total?: bigint | undefined
  /** Nobody if the key had been used often enough. */
  startedBy: string | undefined
}

/** Starts a rotation in the caller's transaction; undefined if one of the same key is running. */
export const beginKeyRotation = async (
  sql: Sql,
  { tenantKeys, newId, now }: Deps,
  source: AuditSource,
  { tenantId, scope, fromKeyId, total, startedBy }: NewRotation,
): Promise<KeyRotationRow | undefined> => {
  const started = await insertKeyRotation(sql, {
    id: newId(),
    tenantId,
    scope,
    fromKeyId,
    total: total ?? (await countVersions(sql, tenantId)),
    startedBy,
    now: now(),
  })
  if (started === undefined) return undefined
  // A root key is made in the background: that may be slow, and is no part of this transaction.
  const toKeyId = scope === 'tenant' ? await tenantKeys.addPrimary(sql, tenantId) : undefined
  if (toKeyId !== undefined) await noteNewKey(sql, started, toKeyId)
  await recordAudit(sql, source, 'key.rotation_started', {
    target: { kind: 'key', id: fromKeyId },
    details: {
      scope,
      rotation_id: started.id,
      key_id: toKeyId,
      previous_key_id: fromKeyId,
      reason: startedBy === undefined ? 'used often' : 'asked for',
    },
  })
  return started
}
