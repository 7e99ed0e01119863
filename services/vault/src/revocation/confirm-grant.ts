import { SallyportError } from '@sallyport/errors/error'
import type { AccessControl } from '../clients/access-control.ts'
import { gatherBy } from '../secrets/gather.ts'
import type { RevocationFeed } from './revocation-feed.ts'

/** Makes sure that a grant still holds. Throws `grant.revoked`, or `grant.unconfirmed` if nobody can say. */
export type ConfirmGrant = (grant: { tenantId: string; grantId: string }) => Promise<void>

type Deps = {
  feed: Pick<RevocationFeed, 'isRevoked'>
  accessControl: Pick<AccessControl, 'goodGrants'>
}

/** CheckGrants takes no more at once. */
const MOST_TOGETHER = 1_000

/**
 * INVARIANT: access-control is asked after the secret was, each time: the feed is a moment behind, and in that moment a
 * secret would be given out after its revocation was acknowledged. What cannot be asked is refused.
 */
export const createConfirmGrant = ({ feed, accessControl }: Deps): ConfirmGrant => {
  const isGood = gatherBy<string, boolean>(async (tenantId, grantIds) => {
    const good = new Set(await accessControl.goodGrants(tenantId, [...new Set(grantIds)]))
    return grantIds.map(id => good.has(id))
  }, MOST_TOGETHER)
  return async ({ tenantId, grantId }) => {
    if (feed.isRevoked(grantId)) throw new SallyportError('grant.revoked')
    const good = await isGood(tenantId, grantId).catch((cause: unknown) => {
      throw new SallyportError('grant.unconfirmed', undefined, { cause })
    })
    if (!good) throw new SallyportError('grant.revoked')
  }
}
