import type { Secret } from '@sallyport/crypto/secret'
import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { TenantKeyRing } from '../sealing/tenant-keys.ts'
import { findVersion, openVersion } from '../store/secret-versions.ts'

/** A credential's current secret. Throws `credential.no_secret` or `sealed_value.refused`. */
export const openCurrent = async (
  sql: Sql,
  ring: TenantKeyRing,
  tenantId: string,
  credentialId: string,
): Promise<{ secret: Secret; number: number }> => {
  const row = await findVersion(sql, tenantId, credentialId, 'current')
  if (row === undefined) throw new SallyportError('credential.no_secret')
  return { secret: openVersion(ring, tenantId, row), number: row.number }
}
