import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { SecretKind } from '../domain/secret-material.ts'

/** What using a credential on a device needs to know of it. */
export type UsableCredential = {
  id: string
  username: string
  domain: string
  secretKind: SecretKind
  strengthProfileId: string | undefined
  exclusiveCustody: boolean
  currentVersion: number
}

type Row = {
  id: string
  username: string
  domain: string
  secret_kind: SecretKind
  strength_profile_id: string | null
  exclusive_custody: boolean
  current_version: number
}

/**
 * Finds a credential that is valid on the device, and locks it until the transaction's end: `share` lets others
 * use it at the same time, `alone` does not. Throws `credential.not_found`.
 */
export const lockCredential = async (
  sql: Sql,
  at: { tenantId: string; credentialId: string; deviceId?: string },
  mode: 'share' | 'alone',
): Promise<UsableCredential> => {
  const [row] = await sql.query<Row>(
    `select id, username, domain, secret_kind, strength_profile_id, exclusive_custody, current_version
     from credentials
     where tenant_id = $1::uuid and id = $2::uuid and ($3::uuid is null or exists (
       select from credential_devices where tenant_id = $1::uuid and credential_id = $2::uuid and device_id = $3::uuid))
     for ${mode === 'share' ? 'share' : 'update'}`,
    [at.tenantId, at.credentialId, at.deviceId ?? null],
  )
  if (row === undefined) throw new SallyportError('credential.not_found')
  return {
    id: row.id,
    username: row.username,
    domain: row.domain,
    secretKind: row.secret_kind,
    strengthProfileId: row.strength_profile_id ?? undefined,
    exclusiveCustody: row.exclusive_custody,
    currentVersion: row.current_version,
  }
}

/** Notes that a person saw the secret; the first time since its last change is kept. */
export const noteExposure = async (
  sql: Sql,
  tenantId: string,
  credentialId: string,
  now: Date,
): Promise<void> => {
  await sql.query(
    'update credentials set exposed_since = coalesce(exposed_since, $3) where tenant_id = $1 and id = $2',
    [tenantId, credentialId, now],
  )
}
