import { recordAudit } from '@sallyport/audit-events/record'
import type { Secret } from '@sallyport/crypto/secret'
import type { Sql } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import type { SecretKind } from '../domain/secret-material.ts'
import type { TenantKeyRing } from '../sealing/tenant-keys.ts'
import { insertVersion, moveVersion, pointToVersion } from '../store/secret-versions.ts'

type Given = { credentialId: string; id: string; kind: SecretKind; secret: Secret; now: Date }

/** Makes what a person gave the current secret of a credential, which must be locked or new. */
export const storeGivenSecret = async (
  sql: Sql,
  call: Call,
  ring: TenantKeyRing,
  { credentialId, id, kind, secret, now }: Given,
): Promise<void> => {
  const { tenantId, userId } = call.caller
  await moveVersion(sql, { tenantId, credentialId, now }, 'current', 'supersede')
  const version = { id, tenantId, credentialId, state: 'current', secret, origin: { userId }, now } as const
  const number = await insertVersion(sql, ring, version)
  await pointToVersion(sql, tenantId, credentialId, number, now)
  await recordAudit(sql, call, 'secret.stored', {
    target: { kind: 'credential', id: credentialId },
    details: { version: number, origin: 'person', kind },
  })
}
