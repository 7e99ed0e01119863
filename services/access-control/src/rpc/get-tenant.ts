import type { GetTenantRequest, GetTenantResponse } from '@sallyport/contracts/access_control/v1/directory'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { checkOperator, findTenant } from '../store/tenants.ts'
import { checkedId } from './checks.ts'
import { tenantMessage } from './tenant-message.ts'

export const getTenant =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: GetTenantRequest, { caller }: Call): Promise<GetTenantResponse> =>
    store.inTenant(caller.tenantId, async tx => {
      await checkOperator(tx, caller.tenantId)
      return { tenant: tenantMessage(await findTenant(tx, checkedId(request.id, 'tenant.not_found'))) }
    })
