import { randomBytes } from 'node:crypto'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { grantRedeemSeconds, type GrantAction, signGrant } from '@sallyport/identity/grant'
import type { Clock } from '../domain/clock.ts'
import type { Target } from '../domain/criteria.ts'
import { addSeconds } from '../domain/window.ts'
import type { Grant } from '../generated/prisma/client.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { Tx } from '../store/store.ts'
import { storedTarget } from '../store/target.ts'

export type NewGrant = {
  tenantId: string
  userId: string
  userName: string
  target: Target
  action: GrantAction
  endsAt: Date
  loginSessionId?: string
  requestId?: string
  operationId?: string
}

export const insertGrant = (tx: Tx, grant: NewGrant, now: Date): Promise<Grant> =>
  tx.grant.create({
    data: {
      ...grant,
      id: uuidV7(now),
      credentialId: grant.target.credentialId,
      deviceId: grant.target.deviceId,
      target: storedTarget(grant.target),
      issuedAt: now,
      revokedReason: '',
    },
  })

type Deps = { keys: SigningKeys; clock: Clock }

/** Signs a grant's statement for vault. Only after the grant is committed: nothing is stated that is not recorded. */
export const stateGrant = async (
  { keys, clock }: Deps,
  grant: Grant,
  sourceAddress: string,
): Promise<string> => {
  const now = clock.now()
  const redeemUntil = addSeconds(now, grantRedeemSeconds)
  return signGrant(
    {
      grantId: grant.id,
      tenantId: grant.tenantId,
      subject: {
        kind: grant.operationId === null ? 'user' : 'operation',
        id: grant.userId,
        name: grant.userName,
      },
      credentialId: grant.credentialId,
      deviceId: grant.deviceId,
      action: grantAction(grant.action),
      ...(grant.requestId !== null && { requestId: grant.requestId }),
      ...(grant.loginSessionId !== null && { loginSessionId: grant.loginSessionId }),
      ...(sourceAddress !== '' && { sourceAddress }),
      notBefore: now,
      expiresAt: redeemUntil < grant.endsAt ? redeemUntil : grant.endsAt,
      endsAt: grant.endsAt,
      nonce: randomBytes(16).toString('base64url'),
    },
    await keys.current('grant'),
  )
}

const grantAction = (text: string): GrantAction => {
  if (text === 'view' || text === 'session' || text === 'rotate') return text
  throw new Error('A stored grant has an unknown action')
}
