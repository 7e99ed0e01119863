import type { SetSecretRequest, SetSecretResponse } from '@sallyport/contracts/vault/v1/inventory'
import { Secret } from '@sallyport/crypto/secret'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import { invalid } from '../domain/invalid.ts'
import { checkSecretMaterial } from '../domain/secret-material.ts'
import type { TenantKeys } from '../sealing/tenant-keys.ts'
import { storeGivenSecret } from '../secrets/store-given-secret.ts'
import { getCredential, getCredentialAt, raiseVersion } from '../store/credentials.ts'
import type { Database } from '../store/database.ts'
import { findOpenRotation } from '../store/rotations.ts'
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
        // Neither would know any more which secret the target has.
        if (await findOpenRotation(sql, tenantId, credentialId))
          throw new SallyportError('rotation.in_progress')
        const at = { id: credentialId, tenantId, now: now() }
        await storeGivenSecret(sql, call, ring, { credentialId, id: newId(), kind, secret, now: at.now })
        await raiseVersion(tx, at)
        return { credential: toCredential(await getCredential(tx, tenantId, credentialId)) }
      }),
    )
  }
