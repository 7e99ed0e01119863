import type { Secret } from '@sallyport/crypto/secret'
import type { Sql } from '@sallyport/database/sql'
import { nextVersionState, type VersionEvent, type VersionState } from '../domain/version-states.ts'
import { openSecret, sealSecret } from '../sealing/secret-sealer.ts'
import type { TenantKeyRing } from '../sealing/tenant-keys.ts'

/** Who made a version: a person, or an operation. */
export type VersionOrigin = { userId: string } | { operationId: string }

export type VersionRow = {
  id: string
  credential_id: string
  number: number
  state: VersionState
  key_id: string
  wrapped_key: Uint8Array
  ciphertext: Uint8Array
}

const columns = 'id, credential_id, number, state, key_id, wrapped_key, ciphertext'

type NewVersion = {
  id: string
  tenantId: string
  credentialId: string
  state: 'candidate' | 'current'
  secret: Secret
  origin: VersionOrigin
  now: Date
}

/** Seals a secret as the credential's next version; gives its number. The credential must be locked. */
export const insertVersion = async (sql: Sql, ring: TenantKeyRing, version: NewVersion): Promise<number> => {
  const { id, tenantId, credentialId, state, secret, origin, now } = version
  const number = await nextNumber(sql, tenantId, credentialId)
  const sealed = sealSecret(ring, { tenantId, credentialId, versionId: id, number }, secret)
  await sql.query(
    `insert into secret_versions (id, tenant_id, credential_id, number, state, key_id, wrapped_key, ciphertext,
       created_at, promoted_at, created_by_user_id, operation_id)
     values ($1::uuid, $2::uuid, $3::uuid, $4::int, $5, $6::uuid, $7, $8, $9::timestamptz, $10::timestamptz,
       $11::uuid, $12::uuid)`,
    [
      id,
      tenantId,
      credentialId,
      number,
      state,
      sealed.keyId,
      sealed.wrappedKey,
      sealed.ciphertext,
      now,
      state === 'current' ? now : null,
      'userId' in origin ? origin.userId : null,
      'operationId' in origin ? origin.operationId : null,
    ],
  )
  return number
}

const nextNumber = async (sql: Sql, tenantId: string, credentialId: string): Promise<number> => {
  const [row] = await sql.query<{ last_version: number }>(
    `update credentials set last_version = last_version + 1
     where tenant_id = $1::uuid and id = $2::uuid returning last_version`,
    [tenantId, credentialId],
  )
  if (row === undefined) throw new Error('the credential is gone although it was locked')
  return row.last_version
}

/** The version in a state of which there is at most one. */
export const findVersion = async (
  sql: Sql,
  tenantId: string,
  credentialId: string,
  state: 'candidate' | 'current',
): Promise<VersionRow | undefined> => {
  const [row] = await sql.query<VersionRow>(
    `select ${columns} from secret_versions where tenant_id = $1::uuid and credential_id = $2::uuid and state = $3`,
    [tenantId, credentialId, state],
  )
  return row
}

/** The newest versions in any state: what a made password must not repeat. */
export const newestVersions = (
  sql: Sql,
  tenantId: string,
  credentialId: string,
  count: number,
): Promise<VersionRow[]> =>
  sql.query<VersionRow>(
    `select ${columns} from secret_versions where tenant_id = $1::uuid and credential_id = $2::uuid
     order by number desc limit $3`,
    [tenantId, credentialId, count],
  )

/** Throws `sealed_value.refused` if the row was tampered with. */
export const openVersion = (ring: TenantKeyRing, tenantId: string, row: VersionRow): Secret =>
  openSecret(
    ring,
    { tenantId, credentialId: row.credential_id, versionId: row.id, number: row.number },
    { keyId: row.key_id, wrappedKey: row.wrapped_key, ciphertext: row.ciphertext },
  )

/** Lets an event happen to the version in a state of which there is at most one, if there is one. */
export const moveVersion = async (
  sql: Sql,
  { tenantId, credentialId, now }: { tenantId: string; credentialId: string; now: Date },
  from: 'candidate' | 'current',
  event: VersionEvent,
): Promise<void> => {
  const to = nextVersionState(from, event)
  if (to === undefined) throw new Error(`a ${from} version cannot ${event}`)
  await sql.query(
    `update secret_versions set state = $4, promoted_at = coalesce(promoted_at, $5::timestamptz)
     where tenant_id = $1::uuid and credential_id = $2::uuid and state = $3`,
    [tenantId, credentialId, from, to, to === 'current' ? now : null],
  )
}

/** Says which version is current now. Nobody has seen it yet. */
export const pointToVersion = async (
  sql: Sql,
  tenantId: string,
  credentialId: string,
  number: number,
  now: Date,
): Promise<void> => {
  await sql.query(
    `update credentials set current_version = $3::int, secret_changed_at = $4::timestamptz, exposed_since = null
     where tenant_id = $1::uuid and id = $2::uuid`,
    [tenantId, credentialId, number, now],
  )
}
