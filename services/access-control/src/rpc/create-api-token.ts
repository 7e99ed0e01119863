import {
  CreateApiTokenRequest,
  type CreateApiTokenResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import { sqlOf } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import type { Deps } from '../deps.ts'
import { checkedPermissions, refuseEscalation } from '../domain/roles.ts'
import { newToken } from '../login/token.ts'
import { audit } from '../store/audit.ts'
import { apiTokenMessage } from './api-token-message.ts'
import { checkedName, checkPerson } from './checks.ts'

const maxDays = 365

export const createApiToken =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: CreateApiTokenRequest, call: Call): Promise<CreateApiTokenResponse> => {
    checkPerson(call)
    const { tenantId, userId, permissions: own } = call.caller
    const now = clock.now()
    const name = checkedName(request.name)
    const permissions = checkedPermissions(request.permissions)
    refuseEscalation(permissions, own)
    const expiresAt = checkedExpiry(request.expiresAt, now)
    return store.inTenant(tenantId, tx =>
      once(
        sqlOf(tx),
        call,
        { request, requestType: CreateApiTokenRequest, responseType: undefined },
        async () => {
          const token = newToken('api-token', tenantId)
          const row = await tx.apiToken.create({
            data: {
              id: uuidV7(now),
              tenantId,
              userId,
              name,
              tokenHash: Uint8Array.from(token.hash),
              permissions,
              createdAt: now,
              expiresAt,
            },
          })
          await audit(tx, call, 'api_token.created', {
            target: { kind: 'api-token', id: row.id, name },
            details: { name, permissions, expires_at: expiresAt },
          })
          return { apiToken: apiTokenMessage(row), token: token.text }
        },
      ),
    )
  }

const checkedExpiry = (expiresAt: Date | undefined, now: Date): Date => {
  const latest = now.getTime() + maxDays * 24 * 3_600_000
  if (expiresAt === undefined || !(expiresAt > now) || expiresAt.getTime() > latest) {
    throw new SallyportError('request.invalid', `a token expires, and in at most ${maxDays} days`)
  }
  return expiresAt
}
