import type {
  RevokeApiTokenRequest,
  RevokeApiTokenResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { revokeGrants } from '../grants/end-grants.ts'
import { audit } from '../store/audit.ts'
import { checkedId } from './checks.ts'

/** Revokes one's own token, or with user.manage somebody else's, and ends what was granted through it. */
export const revokeApiToken =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: RevokeApiTokenRequest, call: Call): Promise<RevokeApiTokenResponse> => {
    const id = checkedId(request.id, 'api_token.not_found')
    const { tenantId, userId, permissions } = call.caller
    return store.ending(tenantId, async tx => {
      const token = await tx.apiToken.findUnique({ where: { id } })
      const mayRevoke = token?.userId === userId || permissions.has('user.manage')
      if (token === null || !mayRevoke) throw new SallyportError('api_token.not_found')
      const now = clock.now()
      if (token.revokedAt === null) await tx.apiToken.update({ where: { id }, data: { revokedAt: now } })
      await revokeGrants({ tx, by: call, reason: 'The API token was revoked', now }, { loginSessionId: id })
      await audit(tx, call, 'api_token.revoked', {
        target: { kind: 'api-token', id, name: token.name },
        details: { name: token.name },
      })
      return {}
    })
  }
