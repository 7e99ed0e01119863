import { randomUUID } from 'node:crypto'
import { createTenantKeys } from '@sallyport/vault/sealing/tenant-keys'
import { sealSecret } from '@sallyport/vault/sealing/secret-sealer'
import { openDatabase } from '@sallyport/vault/store/database'
import { openFileKeyProvider } from '@sallyport/crypto/file-key-provider'
import { Secret } from '@sallyport/crypto/secret'
import type { VaultScene } from './scene.ts'

const batch = 5_000

/** Adds so many more credentials with a secret each, properly sealed, faster than by asking for each. */
export const fillVault = async (scene: VaultScene, count: number): Promise<void> => {
  const { database: bench, tenantId, rootKeyFile } = scene
  await using database = await openDatabase({
    appUrl: bench.url('vault', 'app'),
    workerUrl: bench.url('vault', 'worker'),
    onError: () => {},
  })
  const provider = await openFileKeyProvider(rootKeyFile)
  const keys = createTenantKeys({ database, provider, newId: randomUUID, now: () => new Date() })
  const ring = await keys.ringOf(tenantId)
  for (let done = 0; done < count; done += batch) {
    const rows = Array.from({ length: Math.min(batch, count - done) }, () => {
      const [credentialId, versionId] = [randomUUID(), randomUUID()]
      using secret = Secret.fromUtf8('a secret of a few characters')
      return {
        credentialId,
        versionId,
        ...sealSecret(ring, { tenantId, credentialId, versionId, number: 1 }, secret),
      }
    })
    await database.sqlInTenant(tenantId, async sql => {
      await sql.query(
        `insert into credentials (id, tenant_id, username, domain, type, secret_kind, tags, criticality, notes,
           exclusive_custody, current_version, last_version, created_at, updated_at)
         select id, $1, 'filler', '', 'local-user', 'password', '{}', 'low', '', false, 1, 1, now(), now()
         from unnest($2::uuid[]) as id`,
        [tenantId, rows.map(row => row.credentialId)],
      )
      await sql.query(
        `insert into secret_versions (id, tenant_id, credential_id, number, state, key_id, wrapped_key, ciphertext,
           created_at, promoted_at, created_by_user_id)
         select id, $1, credential_id, 1, 'current', $2, wrapped_key, ciphertext, now(), now(), gen_random_uuid()
         from unnest($3::uuid[], $4::uuid[], $5::bytea[], $6::bytea[]) as row (id, credential_id, wrapped_key, ciphertext)`,
        [
          tenantId,
          ring.primary.id,
          rows.map(row => row.versionId),
          rows.map(row => row.credentialId),
          rows.map(row => row.wrappedKey),
          rows.map(row => row.ciphertext),
        ],
      )
    })
  }
  await bench.superuser.query('analyze vault.credentials; analyze vault.secret_versions')
}
