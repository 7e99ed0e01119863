import { recordAudit } from '@sallyport/audit-events/record'
import { onBehalfOf } from '@sallyport/audit-events/source'
import type { ReleaseSecretRequest, ReleaseSecretResponse } from '@sallyport/contracts/vault/v1/secrets'
import type { Sql } from '@sallyport/database/sql'
import type { GrantClaims } from '@sallyport/identity/grant'
import type { Call } from '@sallyport/rpc/call'
import { checkNotHeld } from '../domain/custody.ts'
import { checkNotChanging } from '../domain/rotation.ts'
import type { TenantKeyRing, TenantKeys } from '../sealing/tenant-keys.ts'
import { actorOf } from '../secrets/actor-of.ts'
import { auditRefusal } from '../secrets/audited-refusal.ts'
import { openCurrent } from '../secrets/open-current.ts'
import { claimsOf, confirmUse, type VerifyDeps } from '../secrets/verify-use.ts'
import { findLiveCustody } from '../store/custodies.ts'
import type { Database } from '../store/database.ts'
import { readEndpoint } from '../store/endpoints.ts'
import { findOpenRotation } from '../store/rotations.ts'
import { lockCredential } from '../store/usable-credentials.ts'
import { useUp } from '../store/used-grants.ts'
import { toSecretKind } from './wire-inventory.ts'
import { toEndpoint } from './wire-secrets.ts'

type Deps = VerifyDeps & {
  database: Pick<Database, 'sqlInTenant'>
  tenantKeys: Pick<TenantKeys, 'withRing'>
}

export const releaseSecret =
  (deps: Deps) =>
  async ({ statement }: ReleaseSecretRequest, call: Call): Promise<ReleaseSecretResponse> => {
    const grant = await claimsOf(deps, statement)
    const { tenantId, credentialId, deviceId, requestId, grantId } = grant
    const source = onBehalfOf(call, tenantId, actorOf(grant))
    const about = { tenantId, source, credentialId, deviceId, requestId, grantId, log: call.log }
    return auditRefusal(deps, { ...about, action: 'session', to: call.service }, async () => {
      await confirmUse(deps, grant, { action: 'session' })
      // The answer leaves only after the commit: no audit record, no secret.
      return deps.tenantKeys.withRing(tenantId, ring =>
        deps.database.sqlInTenant(tenantId, sql => release(sql, ring, grant, call, deps.now())),
      )
    })
  }

const release = async (
  sql: Sql,
  ring: TenantKeyRing,
  grant: GrantClaims,
  call: Call,
  now: Date,
): Promise<ReleaseSecretResponse> => {
  const { tenantId, credentialId, deviceId, requestId, grantId } = grant
  // Before the grant is used up: the session may ask again with it.
  checkNotChanging(await findOpenRotation(sql, tenantId, credentialId), now)
  await useUp(sql, grant, now)
  const credential = await lockCredential(sql, grant, 'share')
  checkNotHeld(await findLiveCustody(sql, tenantId, credentialId), grant.subject.id, now)
  const endpoint = await readEndpoint(sql, tenantId, deviceId)
  const { secret, number } = await openCurrent(sql, ring, tenantId, credentialId)
  await recordAudit(sql, onBehalfOf(call, tenantId, actorOf(grant)), 'secret.released', {
    target: { kind: 'credential', id: credentialId, name: credential.username },
    requestId,
    grantId,
    details: { version: number, action: 'session', device_id: deviceId, to: call.service },
  })
  return {
    kind: toSecretKind(credential.secretKind),
    secret: secret.bytes(),
    versionNumber: number,
    endpoint: toEndpoint(endpoint, credential),
  }
}
