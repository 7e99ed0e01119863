import type { CheckGrantsRequest, CheckGrantsResponse } from '@sallyport/contracts/access_control/v1/access'
import { isUuid } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Deps } from '../deps.ts'
import { grantEnds } from '../store/grant-ends.ts'
import { checkedId } from './checks.ts'

const maxIds = 1_000

/** Says which of the given grants are good now. Everything else has ended, or never was. */
export const checkGrants =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: CheckGrantsRequest): Promise<CheckGrantsResponse> => {
    if (request.grantIds.length > maxIds)
      throw new SallyportError('request.invalid', `at most ${maxIds} grants`)
    const tenantId = checkedId(request.tenantId, 'tenant.not_found')
    const ids = request.grantIds.filter(isUuid)
    const rows = await store.asking(tenantId, sql => grantEnds(sql, ids))
    const now = clock.now()
    const good = new Set(rows.filter(row => row.endedAt === null && row.endsAt > now).map(row => row.id))
    const reasons = new Map(rows.map(row => [row.id, row.revokedReason || 'The time of the grant is over']))
    const ended = request.grantIds.filter(id => !good.has(id))
    return {
      goodGrantIds: [...good],
      endedReasons: Object.fromEntries(ended.map(id => [id, reasons.get(id) ?? 'There is no such grant'])),
    }
  }
