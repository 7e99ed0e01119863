import type { GetRoleRequest, GetRoleResponse } from '@sallyport/contracts/access_control/v1/directory'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { findRole } from '../store/roles.ts'
import { checkedId } from './checks.ts'
import { roleMessage } from './role-message.ts'

export const getRole =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: GetRoleRequest, { caller }: Call): Promise<GetRoleResponse> =>
    store.inTenant(caller.tenantId, async tx => ({
      role: roleMessage(await findRole(tx, checkedId(request.id, 'role.not_found'))),
    }))
