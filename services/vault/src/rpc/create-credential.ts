import { recordAudit } from '@sallyport/audit-events/record'
import { CreateCredentialRequest, CreateCredentialResponse } from '@sallyport/contracts/vault/v1/inventory'
import { Secret } from '@sallyport/crypto/secret'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import { type CredentialAttributes, parseCredential } from '../domain/credential.ts'
import { checkSecretMaterial } from '../domain/secret-material.ts'
import { keyedDigest } from '../sealing/keyed-digest.ts'
import type { TenantKeys } from '../sealing/tenant-keys.ts'
import { storeGivenSecret } from '../secrets/store-given-secret.ts'
import { type CredentialRow, getCredential, insertCredential } from '../store/credentials.ts'
import type { Database, Tx } from '../store/database.ts'
import { fromCriticality, fromSecretKind, toCredential } from './wire-inventory.ts'

type Deps = {
  database: Pick<Database, 'inTenant'>
  tenantKeys: Pick<TenantKeys, 'withRing'>
  newId: () => string
  now: () => Date
}

const types = { requestType: CreateCredentialRequest, responseType: CreateCredentialResponse }

export const createCredential =
  ({ database, tenantKeys, newId, now }: Deps) =>
  async (request: CreateCredentialRequest, call: Call): Promise<CreateCredentialResponse> => {
    using secret = Secret.of(request.secret)
    const { tenantId } = call.caller
    const attributes = parseCredential({
      ...request,
      secretKind: fromSecretKind(request.secretKind),
      criticality: fromCriticality(request.criticality),
    })
    if (secret.byteLength > 0) checkSecretMaterial(attributes.secretKind, secret.bytes())
    return await tenantKeys.withRing(tenantId, ring => {
      // A plain hash of the request would let whoever reads the table guess the password.
      const fingerprint = { ...request, secret: keyedDigest(ring.primary, 'idempotency', secret) }
      return database.inTenant(tenantId, tx =>
        once(sqlOf(tx), call, { request: fingerprint, ...types }, async () => {
          const at = { id: newId(), tenantId, now: now() }
          const credential = await insert(tx, call, at, attributes)
          if (secret.byteLength === 0) return { credential: toCredential(credential) }
          const given = { credentialId: at.id, id: newId(), kind: attributes.secretKind, secret, now: at.now }
          await storeGivenSecret(sqlOf(tx), call, ring, given)
          return { credential: toCredential(await getCredential(tx, tenantId, at.id)) }
        }),
      )
    })
  }

const insert = async (
  tx: Tx,
  call: Call,
  at: { id: string; tenantId: string; now: Date },
  attributes: CredentialAttributes,
): Promise<CredentialRow> => {
  await insertCredential(tx, at, attributes)
  const { username, domain, criticality, secretKind: kind } = attributes
  await recordAudit(sqlOf(tx), call, 'credential.created', {
    target: { kind: 'credential', id: at.id, name: username },
    details: { username, domain, kind, criticality },
  })
  return getCredential(tx, at.tenantId, at.id)
}
