import type { ApiToken as ApiTokenMessage } from '@sallyport/contracts/access_control/v1/authentication'
import type { ApiToken } from '../generated/prisma/client.ts'

export const apiTokenMessage = (token: ApiToken): ApiTokenMessage => ({
  id: token.id,
  name: token.name,
  permissions: token.permissions,
  expiresAt: token.expiresAt,
  createdAt: token.createdAt,
  lastUsedAt: token.lastUsedAt ?? undefined,
  revokedAt: token.revokedAt ?? undefined,
  userId: token.userId,
})
