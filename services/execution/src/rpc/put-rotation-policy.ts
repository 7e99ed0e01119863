import { recordAudit } from '@sallyport/audit-events/record'
import {
  PutRotationPolicyRequest,
  PutRotationPolicyResponse,
} from '@sallyport/contracts/execution/v1/execution'
import { isUniqueViolation } from '@sallyport/database/failure'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Inventory } from '../clients/vault.ts'
import { defaultMaxAttempts, mostAttempts } from '../domain/operation/attempt-limit.ts'
import { builtInTemplate } from '../domain/template/built-in.ts'
import type { RotationPolicy } from '../generated/prisma/client.ts'
import type { Store, Tx } from '../store/store.ts'
import { existingId } from './checks.ts'
import { rotationPolicyMessage } from './rotation-policy-message.ts'
import { findOwnTemplate } from './template-message.ts'
import { write } from './write.ts'

type Deps = { store: Store; clock: { now(): Date }; inventory: Pick<Inventory, 'checkTarget'> }

export const putRotationPolicy =
  ({ store, clock, inventory }: Deps) =>
  async (request: PutRotationPolicyRequest, call: Call): Promise<PutRotationPolicyResponse> => {
    const { tenantId } = call.caller
    const wanted = { ...checked(request), tenantId, updatedAt: clock.now() }
    await inventory.checkTarget(tenantId, wanted.credentialId, wanted.deviceId)
    if (wanted.privilegedCredentialId !== null) {
      await inventory.checkTarget(tenantId, wanted.privilegedCredentialId, wanted.deviceId)
    }
    return write(store, call, [request, PutRotationPolicyRequest], PutRotationPolicyResponse, async tx => {
      if (builtInTemplate(wanted.templateId) === undefined) await findOwnTemplate(tx, wanted.templateId)
      const row = await put(tx, request.version, wanted)
      await recordAudit(sqlOf(tx), call, 'rotation_policy.changed', {
        target: { kind: 'credential', id: row.credentialId },
        details: {
          credential_id: row.credentialId,
          device_id: row.deviceId,
          template: row.templateId,
          privileged_credential_id: row.privilegedCredentialId ?? undefined,
          triggers: triggersOf(row),
          version: row.version,
        },
      })
      return { rotationPolicy: rotationPolicyMessage(row) }
    })
  }

type Wanted = Omit<RotationPolicy, 'version'>

const checked = (request: PutRotationPolicyRequest): Omit<Wanted, 'tenantId' | 'updatedAt'> => {
  const { privilegedCredentialId: other, afterReveal, afterSession, afterWindow } = request
  const maxAttempts = request.maxAttempts || defaultMaxAttempts
  if (maxAttempts < 1 || maxAttempts > mostAttempts) {
    throw new SallyportError('request.invalid', `max_attempts must be 1 to ${mostAttempts}`)
  }
  if (other !== '' && other === request.credentialId) {
    throw new SallyportError(
      'request.invalid',
      'The privileged account must be another one; leave it empty instead',
    )
  }
  return {
    credentialId: existingId(request.credentialId, 'credential.not_found'),
    deviceId: existingId(request.deviceId, 'device.not_found'),
    templateId: existingId(request.templateId, 'template.not_found'),
    privilegedCredentialId: other === '' ? null : existingId(other, 'credential.not_found'),
    afterReveal,
    afterSession,
    afterWindow,
    maxAttempts,
  }
}

const put = async (tx: Tx, version: number, wanted: Wanted): Promise<RotationPolicy> => {
  if (version === 0) return tx.rotationPolicy.create({ data: wanted }).catch(existsAlready)
  const { tenantId, credentialId } = wanted
  const data = { ...wanted, version: version + 1 }
  const { count } = await tx.rotationPolicy.updateMany({ where: { tenantId, credentialId, version }, data })
  if (count !== 1) throw new SallyportError('version.conflict')
  return data
}

const existsAlready = (error: unknown): never => {
  throw isUniqueViolation(error) ? new SallyportError('version.conflict') : error
}

const triggersOf = (row: RotationPolicy): string[] =>
  (['afterReveal', 'afterSession', 'afterWindow'] as const).filter(name => row[name])
