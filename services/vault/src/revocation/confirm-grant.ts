import { SallyportError } from '@sallyport/errors/error'
import type { AccessControl } from '../clients/access-control.ts'
import type { RevocationFeed } from './revocation-feed.ts'

/** Makes sure that a grant still holds. Throws `grant.revoked`, or `grant.unconfirmed` if nobody can say. */
export type ConfirmGrant = (grant: { tenantId: string; grantId: string; issuedAt: Date }) => Promise<void>

type Deps = {
  feed: Pick<RevocationFeed, 'isRevoked' | 'covers'>
  accessControl: Pick<AccessControl, 'goodGrants'>
}

/** INVARIANT: what the feed cannot vouch for is asked, and what cannot be asked is refused. */
export const createConfirmGrant =
  ({ feed, accessControl }: Deps): ConfirmGrant =>
  async ({ tenantId, grantId, issuedAt }) => {
    if (feed.isRevoked(grantId)) throw new SallyportError('grant.revoked')
    if (feed.covers(issuedAt)) return
    const good = await accessControl.goodGrants(tenantId, [grantId]).catch((cause: unknown) => {
      throw new SallyportError('grant.unconfirmed', undefined, { cause })
    })
    if (!good.includes(grantId)) throw new SallyportError('grant.revoked')
  }
