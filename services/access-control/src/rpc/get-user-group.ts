import type {
  GetUserGroupRequest,
  GetUserGroupResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { findUserGroup } from '../store/groups.ts'
import { checkedId } from './checks.ts'
import { userGroupMessage } from './user-group-message.ts'

export const getUserGroup =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: GetUserGroupRequest, { caller }: Call): Promise<GetUserGroupResponse> =>
    store.inTenant(caller.tenantId, async tx => ({
      userGroup: userGroupMessage(await findUserGroup(tx, checkedId(request.id, 'user_group.not_found'))),
    }))
