import type { Grant as GrantMessage } from '@sallyport/contracts/access_control/v1/access'
import type { Grant } from '../generated/prisma/client.ts'
import { readTarget } from '../store/target.ts'
import { targetSummary } from './target-message.ts'
import { actionMessage } from './wire-enums.ts'

export const grantMessage = (grant: Grant): GrantMessage => ({
  id: grant.id,
  userId: grant.userId,
  userName: grant.userName,
  loginSessionId: grant.loginSessionId ?? '',
  target: targetSummary(readTarget(grant.target)),
  action: actionMessage(grant.action),
  requestId: grant.requestId ?? '',
  issuedAt: grant.issuedAt,
  endsAt: grant.endsAt,
  revokedAt: grant.revokedAt ?? undefined,
  revokedReason: grant.revokedReason,
})
