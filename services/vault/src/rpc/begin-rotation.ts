import { recordAudit } from '@sallyport/audit-events/record'
import { type AuditSource, onBehalfOf } from '@sallyport/audit-events/source'
import { type BeginRotationRequest, BeginRotationResponse } from '@sallyport/contracts/vault/v1/secrets'
import type { Secret } from '@sallyport/crypto/secret'
import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { GrantClaims } from '@sallyport/identity/grant'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import { planBegin } from '../domain/rotation.ts'
import type { TenantKeyRing, TenantKeys } from '../sealing/tenant-keys.ts'
import { actorOf } from '../secrets/actor-of.ts'
import { auditRefusal } from '../secrets/audited-refusal.ts'
import { makeCandidate } from '../secrets/make-candidate.ts'
import { openCurrent } from '../secrets/open-current.ts'
import { claimsOf, confirmUse, type VerifyDeps } from '../secrets/verify-use.ts'
import type { Database } from '../store/database.ts'
import { readEndpoint } from '../store/endpoints.ts'
import { findOpenRotation, insertRotation, lockRotation, raiseFence } from '../store/rotations.ts'
import { findVersion, openVersion } from '../store/secret-versions.ts'
import { lockCredential, type UsableCredential } from '../store/usable-credentials.ts'
import { useUp } from '../store/used-grants.ts'
import { toSecretKind } from './wire-inventory.ts'
import { toEndpoint } from './wire-secrets.ts'

type Deps = VerifyDeps & {
  database: Pick<Database, 'sqlInTenant'>
  tenantKeys: Pick<TenantKeys, 'withRing'>
  newId: () => string
}

/** One attempt, with what it was granted. */
type Attempt = {
  operationId: string
  fencingToken: bigint
  grant: GrantClaims
  /** For the account that signs in for the change. */
  privileged: GrantClaims | undefined
  source: AuditSource
  to: string
}

export const beginRotation =
  (deps: Deps) =>
  async (request: BeginRotationRequest, call: Call): Promise<BeginRotationResponse> => {
    const operationId = parseId('operation_id', request.operationId)
    const grant = await claimsOf(deps, request.statement)
    const { tenantId, credentialId, deviceId, grantId } = grant
    const source = onBehalfOf(call, tenantId, actorOf(grant))
    const about = { tenantId, source, credentialId, deviceId, grantId, log: call.log }
    return auditRefusal(deps, { ...about, action: 'rotate', to: call.service }, async () => {
      await confirmUse(deps, grant, { action: 'rotate', operationId })
      const privileged = await privilegedGrant(deps, request, grant)
      const { fencingToken } = request
      const attempt = { operationId, fencingToken, grant, privileged, source, to: call.service }
      // The answer leaves only after the commit: the candidate is sealed before anybody can send it.
      return deps.tenantKeys.withRing(tenantId, ring =>
        deps.database.sqlInTenant(tenantId, sql => begin(sql, deps, ring, attempt)),
      )
    })
  }

const privilegedGrant = async (
  deps: VerifyDeps,
  { operationId, privilegedStatement }: BeginRotationRequest,
  grant: GrantClaims,
): Promise<GrantClaims | undefined> => {
  if (privilegedStatement === '') return undefined
  const privileged = await claimsOf(deps, privilegedStatement)
  await confirmUse(deps, privileged, { action: 'rotate', operationId })
  if (privileged.tenantId !== grant.tenantId || privileged.credentialId === grant.credentialId)
    throw new SallyportError('grant.invalid')
  return privileged
}

const begin = async (
  sql: Sql,
  deps: Deps,
  ring: TenantKeyRing,
  attempt: Attempt,
): Promise<BeginRotationResponse> => {
  const { grant, privileged } = attempt
  const now = deps.now()
  await useUp(sql, grant, now)
  const credential = await lockCredential(sql, grant, 'alone')
  if (credential.secretKind !== 'password') throw new SallyportError('rotation.unsupported')
  const endpoint = await readEndpoint(sql, grant.tenantId, grant.deviceId)
  const { candidate, resumed } = await candidateFor(sql, deps, ring, attempt, credential)
  const answer = BeginRotationResponse.fromPartial({
    candidateNumber: candidate.number,
    candidate: candidate.secret.bytes(),
    kind: toSecretKind(credential.secretKind),
    endpoint: toEndpoint(endpoint, credential),
    resumed,
  })
  // With a privileged account a password can be set that vault never knew.
  if (credential.currentVersion > 0 || privileged === undefined)
    answer.current = await releaseTo(sql, ring, attempt, grant, credential)
  if (privileged === undefined) return answer
  await useUp(sql, privileged, now)
  const account = await lockCredential(sql, privileged, 'share')
  answer.privilegedSecret = await releaseTo(sql, ring, attempt, privileged, account)
  answer.privilegedKind = toSecretKind(account.secretKind)
  answer.privilegedUsername = account.username
  return answer
}

const candidateFor = async (
  sql: Sql,
  { newId, now }: Pick<Deps, 'newId' | 'now'>,
  ring: TenantKeyRing,
  { operationId, fencingToken, grant, source }: Attempt,
  credential: UsableCredential,
): Promise<{ candidate: { secret: Secret; number: number }; resumed: boolean }> => {
  const { tenantId } = grant
  const own = await lockRotation(sql, tenantId, operationId)
  const open = await findOpenRotation(sql, tenantId, credential.id)
  const plan = planBegin({ operationId, fencingToken, credentialId: credential.id }, own, open)
  if (plan === 'resume') {
    await raiseFence(sql, tenantId, operationId, fencingToken)
    const row = await findVersion(sql, tenantId, credential.id, 'candidate')
    if (row === undefined) throw new Error('an open rotation has no candidate')
    return { candidate: { secret: openVersion(ring, tenantId, row), number: row.number }, resumed: true }
  }
  const at = { id: newId(), tenantId, operationId, now: now() }
  const candidate = await makeCandidate(sql, source, ring, credential, at)
  const rotation = {
    operationId,
    credentialId: credential.id,
    fencingToken,
    candidateNumber: candidate.number,
    startedAt: at.now,
  }
  await insertRotation(sql, tenantId, rotation)
  return { candidate, resumed: false }
}

const releaseTo = async (
  sql: Sql,
  ring: TenantKeyRing,
  { operationId, source, to }: Attempt,
  { tenantId, deviceId, grantId }: GrantClaims,
  credential: UsableCredential,
): Promise<Buffer> => {
  const { secret, number } = await openCurrent(sql, ring, tenantId, credential.id)
  await recordAudit(sql, source, 'secret.released', {
    target: { kind: 'credential', id: credential.id, name: credential.username },
    grantId,
    details: { version: number, action: 'rotate', device_id: deviceId, operation_id: operationId, to },
  })
  return secret.bytes()
}
