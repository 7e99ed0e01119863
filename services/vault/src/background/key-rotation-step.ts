import { recordAudit } from '@sallyport/audit-events/record'
import type { RootKeyProvider, RootKeyRotator } from '@sallyport/crypto/key-provider'
import type { Sql } from '@sallyport/database/sql'
import type { Logger } from '@sallyport/telemetry/logger'
import type { TenantKeys } from '../sealing/tenant-keys.ts'
import type { Database } from '../store/database.ts'
import { claimKeyRotation, endKeyRotation, type KeyRotationRow } from '../store/key-rotations.ts'

/** What a step of a key rotation needs. */
export type RotateDeps = {
  database: Pick<Database, 'asWorker' | 'sqlInTenant'>
  tenantKeys: Pick<TenantKeys, 'ringOf' | 'rewrap'>
  rootKeys: RootKeyProvider & RootKeyRotator
  now: () => Date
  /** How many values one transaction rewraps. */
  batch: number
  log: Logger
}

/** Ends a rotation and says so. */
export const finish = async (
  sql: Sql,
  { now }: Pick<RotateDeps, 'now'>,
  tenantId: string,
  id: string,
  state: 'done' | 'failed',
): Promise<void> => {
  const rotation = await claimKeyRotation(sql, tenantId, id)
  if (rotation === undefined) return
  await endKeyRotation(sql, rotation, state, now())
  await recordAudit(sql, { service: 'vault', tenantId }, 'key.rotation_finished', entryOf(rotation, state))
}

const entryOf = (rotation: KeyRotationRow, state: 'done' | 'failed') =>
  ({
    target: { kind: 'key', id: rotation.from_key_id },
    outcome: state === 'done' ? 'success' : 'failure',
    details: {
      scope: rotation.scope,
      rotation_id: rotation.id,
      key_id: rotation.to_key_id ?? undefined,
      count: rotation.rewrapped,
    },
  }) as const
