import type { CheckGrantsRequest, CheckGrantsResponse } from '@sallyport/contracts/access_control/v1/access'
import { isUuid } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Deps } from '../deps.ts'
import { checkedId } from './checks.ts'

const maxIds = 1_000

type Row = { id: string; ends_at: Date; ended_at: Date | null; revoked_reason: string }
const grantsSql = 'select id, ends_at, ended_at, revoked_reason from grants where id = any($1::uuid[])'

/** Says which of the given grants are good now. Everything else has ended, or never was. */
export const checkGrants =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: CheckGrantsRequest): Promise<CheckGrantsResponse> => {
    if (request.grantIds.length > maxIds)
      throw new SallyportError('request.invalid', `at most ${maxIds} grants`)
    const tenantId = checkedId(request.tenantId, 'tenant.not_found')
    const ids = request.grantIds.filter(isUuid)
    const rows = await store.asking(tenantId, sql => sql.query<Row>(grantsSql, [ids], 'grants'))
    const now = clock.now()
    const good = new Set(rows.filter(row => row.ended_at === null && row.ends_at > now).map(row => row.id))
    const reasons = new Map(rows.map(row => [row.id, row.revoked_reason || 'The time of the grant is over']))
    const ended = request.grantIds.filter(id => !good.has(id))
    return {
      goodGrantIds: [...good],
      endedReasons: Object.fromEntries(ended.map(id => [id, reasons.get(id) ?? 'There is no such grant'])),
    }
  }
