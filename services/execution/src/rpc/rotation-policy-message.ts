import type { RotationPolicy as RotationPolicyMessage } from '@sallyport/contracts/execution/v1/execution'
import { SallyportError } from '@sallyport/errors/error'
import type { RotationPolicy } from '../generated/prisma/client.ts'
import type { Tx } from '../store/store.ts'

export const rotationPolicyMessage = (row: RotationPolicy): RotationPolicyMessage => ({
  credentialId: row.credentialId,
  deviceId: row.deviceId,
  templateId: row.templateId,
  privilegedCredentialId: row.privilegedCredentialId ?? '',
  afterReveal: row.afterReveal,
  afterSession: row.afterSession,
  afterWindow: row.afterWindow,
  maxAttempts: row.maxAttempts,
  version: row.version,
  updatedAt: row.updatedAt,
})

/** Throws `rotation_policy.not_found`. */
export const findPolicy = async (tx: Tx, tenantId: string, credentialId: string): Promise<RotationPolicy> => {
  const row = await tx.rotationPolicy.findUnique({
    where: { tenantId_credentialId: { tenantId, credentialId } },
  })
  if (row === null) throw new SallyportError('rotation_policy.not_found')
  return row
}
