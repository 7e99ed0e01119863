import type { Sql } from '@sallyport/database/sql'
import type { SecretKind } from '../domain/secret-material.ts'
import type { VersionRow } from './secret-versions.ts'

/** A credential on a device whose secret may be given to whoever has a grant. */
export type Releasable = VersionRow & {
  device_id: string
  username: string
  domain: string
  secret_kind: SecretKind
}

type Pair = { credentialId: string; deviceId: string }

/**
 * Those of the pairs of which nothing needs a second look: the credential is valid on the device and has a secret, and
 * nobody changes it, holds it, or has it locked. They stay locked for others to use, until the transaction's end.
 */
export const lockReleasable = async (
  sql: Sql,
  tenantId: string,
  pairs: readonly Pair[],
): Promise<Releasable[]> => {
  const credentialIds = [...new Set(pairs.map(pair => pair.credentialId))]
  // The lock is a statement of its own: what the next one reads is then as whoever had the lock before left it.
  const locked = await sql.query<{ id: string }>(
    `select id from credentials where tenant_id = $1::uuid and id = any ($2::uuid[]) order by id
     for share skip locked`,
    [tenantId, credentialIds],
    'lock releasable',
  )
  const free = new Set(locked.map(({ id }) => id))
  const asked = pairs.filter(pair => free.has(pair.credentialId))
  return sql.query<Releasable>(
    `select pair.device_id, credential.username, credential.domain, credential.secret_kind,
       version.id, version.credential_id, version.number, version.state, version.key_id, version.wrapped_key,
       version.ciphertext
     from (select distinct * from unnest($2::uuid[], $3::uuid[]) as pairs (credential_id, device_id)) as asked
     join credential_devices as pair using (credential_id, device_id)
     join credentials as credential on credential.id = pair.credential_id
     join secret_versions as version on version.credential_id = pair.credential_id and version.state = 'current'
     where pair.tenant_id = $1::uuid
       and not exists (select from rotations as rotation
         where rotation.credential_id = pair.credential_id and rotation.state = 'open')
       and not exists (select from custodies as custody
         where custody.credential_id = pair.credential_id and custody.ended_at is null)`,
    [tenantId, asked.map(pair => pair.credentialId), asked.map(pair => pair.deviceId)],
    'read releasable',
  )
}
