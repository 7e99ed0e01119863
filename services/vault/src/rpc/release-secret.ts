import { recordAudit } from '@sallyport/audit-events/record'
import { onBehalfOf } from '@sallyport/audit-events/source'
import type { ReleaseSecretRequest, ReleaseSecretResponse } from '@sallyport/contracts/vault/v1/secrets'
import type { Sql } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { checkNotHeld } from '../domain/custody.ts'
import { checkNotChanging } from '../domain/rotation.ts'
import type { TenantKeyRing, TenantKeys } from '../sealing/tenant-keys.ts'
import { actorOf } from '../secrets/actor-of.ts'
import { auditRefusal } from '../secrets/audited-refusal.ts'
import { gatherBy } from '../secrets/gather.ts'
import { openCurrent } from '../secrets/open-current.ts'
import { type Ask, type Released, releaseTogether } from '../secrets/release-together.ts'
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

/** Releases of a tenant that may share a transaction. */
const mostTogether = 64

/** The answer leaves only after the commit: no audit record, no secret. */
export const releaseSecret = (deps: Deps) => {
  const gathered = gatherBy<Ask, Released | undefined>(
    (tenantId, asks) =>
      inTenant(deps, tenantId, (sql, ring) => releaseTogether(sql, ring, tenantId, asks, deps.now())),
    mostTogether,
  )
  return async ({ statement }: ReleaseSecretRequest, call: Call): Promise<ReleaseSecretResponse> => {
    const grant = await claimsOf(deps, statement)
    const { tenantId, credentialId, deviceId, requestId, grantId } = grant
    const source = onBehalfOf(call, tenantId, actorOf(grant))
    const about = { tenantId, source, credentialId, deviceId, requestId, grantId, log: call.log }
    return auditRefusal(deps, { ...about, action: 'session', to: call.service }, async () => {
      await confirmUse(deps, grant, { action: 'session' })
      const ask = { grant, source, to: call.service }
      // One that is not as plain as the others, or spoils it for them, is looked at by itself.
      const released = await gathered(tenantId, ask).catch(() => undefined)
      return toResponse(
        released ?? (await inTenant(deps, tenantId, (sql, ring) => release(sql, ring, ask, deps.now()))),
      )
    })
  }
}

const inTenant = <R>(
  { tenantKeys, database }: Deps,
  tenantId: string,
  work: (sql: Sql, ring: TenantKeyRing) => Promise<R>,
): Promise<R> => tenantKeys.withRing(tenantId, ring => database.sqlInTenant(tenantId, sql => work(sql, ring)))

const release = async (
  sql: Sql,
  ring: TenantKeyRing,
  { grant, source, to }: Ask,
  now: Date,
): Promise<Released> => {
  const { tenantId, credentialId, deviceId, requestId, grantId } = grant
  // Before the grant is used up: the session may ask again with it.
  checkNotChanging(await findOpenRotation(sql, tenantId, credentialId), now)
  await useUp(sql, grant, now)
  const credential = await lockCredential(sql, grant, 'share')
  checkNotHeld(await findLiveCustody(sql, tenantId, credentialId), grant.subject.id, now)
  const endpoint = await readEndpoint(sql, tenantId, deviceId)
  const { secret, number: versionNumber } = await openCurrent(sql, ring, tenantId, credentialId)
  await recordAudit(sql, source, 'secret.released', {
    target: { kind: 'credential', id: credentialId, name: credential.username },
    requestId,
    grantId,
    details: { version: versionNumber, action: 'session', device_id: deviceId, to },
  })
  return { kind: credential.secretKind, secret, versionNumber, account: credential, endpoint }
}

const toResponse = ({ kind, secret, versionNumber, account, endpoint }: Released): ReleaseSecretResponse => ({
  kind: toSecretKind(kind),
  secret: secret.bytes(),
  versionNumber,
  endpoint: toEndpoint(endpoint, account),
})
