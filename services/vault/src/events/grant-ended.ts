import { GrantEnded } from '@sallyport/contracts/events/v1/domain'
import type { Sql } from '@sallyport/database/sql'
import type { EventHandler } from '@sallyport/events/consumer'
import { endGrant } from '../revocation/end-grant.ts'

/** The durable way of a revocation: it arrives even if this service was away when it happened. */
export const onGrantEnded =
  ({ now }: { now: () => Date }): EventHandler<Sql> =>
  async (event, sql) => {
    const { tenantId, grantId, cause } = GrantEnded.decode(event.payload)
    await endGrant(sql, { tenantId, grantId }, cause === 'window-over' ? 'expired' : 'revoked', now())
  }
