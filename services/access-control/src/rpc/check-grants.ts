import type { CheckGrantsRequest, CheckGrantsResponse } from '@sallyport/contracts/access_control/v1/access'
import { isUuid } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Deps } from '../deps.ts'
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
    const rows = await store.inTenant(tenantId, tx => tx.grant.findMany({ where: { id: { in: ids } } }))
    const good = rows.filter(row => row.endedAt === null && row.endsAt > clock.now()).map(row => row.id)
    const reasons = new Map(rows.map(row => [row.id, row.revokedReason || 'The time of the grant is over']))
    const ended = request.grantIds.filter(id => !good.includes(id))
    return {
      goodGrantIds: good,
      endedReasons: Object.fromEntries(ended.map(id => [id, reasons.get(id) ?? 'There is no such grant'])),
    }
  }
