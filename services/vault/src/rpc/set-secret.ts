import { recordAudit } from '@sallyport/audit-events/record'
import type { SetSecretRequest, SetSecretResponse } from '@sallyport/contracts/vault/v1/inventory'
import { Secret } from '@sallyport/crypto/secret'
import { type Sql, sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import { invalid } from '../domain/invalid.ts'
import { isSuperseded, type Rotation } from '../domain/rotation.ts'
import { checkSecretMaterial } from '../domain/secret-material.ts'
import type { TenantKeys } from '../sealing/tenant-keys.ts'
import { storeGivenSecret } from '../secrets/store-given-secret.ts'
import { getCredential, getCredentialAt, raiseVersion } from '../store/credentials.ts'
import type { Database } from '../store/database.ts'
import { endRotation, findOpenRotation } from '../store/rotations.ts'
import { moveVersion } from '../store/secret-versions.ts'
import { lockCredential } from '../store/usable-credentials.ts'
import { toCredential } from './wire-inventory.ts'

type Deps = {
  database: Pick<Database, 'inTenant'>
  tenantKeys: Pick<TenantKeys, 'withRing'>
  newId: () => string
  now: () => Date
}

export const setSecret =
  ({ database, tenantKeys, newId, now }: Deps) =>
  async (request: SetSecretRequest, call: Call): Promise<SetSecretResponse> => {
    using secret = Secret.of(request.secret)
    const { tenantId } = call.caller
    const credentialId = parseId('id', request.id)
    return await tenantKeys.withRing(tenantId, ring =>
      database.inTenant(tenantId, async tx => {
        const sql = sqlOf(tx)
        const { secretKind: kind } = await lockCredential(sql, { tenantId, credentialId }, 'alone')
        await getCredentialAt(tx, tenantId, credentialId, request.version)
        if (secret.byteLength === 0) throw invalid('secret', 'must not be empty')
        checkSecretMaterial(kind, secret.bytes())
        const at = { id: credentialId, tenantId, now: now() }
        const open = await findOpenRotation(sql, tenantId, credentialId)
        if (isSuperseded(open, at.now)) await supersede(sql, call, open, at)
        await storeGivenSecret(sql, call, ring, { credentialId, id: newId(), kind, secret, now: at.now })
        await raiseVersion(tx, at)
        return { credential: toCredential(await getCredential(tx, tenantId, credentialId)) }
      }),
    )
  }

/** The rotation's next attempt learns that it was given up; its candidate is kept among the versions. */
const supersede = async (
  sql: Sql,
  call: Call,
  { operationId, credentialId, candidateNumber }: Rotation,
  { tenantId, now }: { tenantId: string; now: Date },
): Promise<void> => {
  await moveVersion(sql, { tenantId, credentialId, now }, 'candidate', 'abandon')
  await endRotation(sql, tenantId, operationId, 'abandoned', now)
  await recordAudit(sql, call, 'secret.discarded', {
    target: { kind: 'credential', id: credentialId },
    details: { version: candidateNumber, operation_id: operationId, reason: 'a person gave another secret' },
  })
}
