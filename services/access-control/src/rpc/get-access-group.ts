import type {
  GetAccessGroupRequest,
  GetAccessGroupResponse,
} from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { findAccessGroup } from '../store/groups.ts'
import { accessGroupMessage } from './access-group-message.ts'
import { checkedId } from './checks.ts'

export const getAccessGroup =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: GetAccessGroupRequest, { caller }: Call): Promise<GetAccessGroupResponse> =>
    store.inTenant(caller.tenantId, async tx => ({
      accessGroup: accessGroupMessage(
        await findAccessGroup(tx, checkedId(request.id, 'access_group.not_found')),
      ),
    }))
