import type {
  DeleteAccessGroupRequest,
  DeleteAccessGroupResponse,
} from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { redecideGrants } from '../grants/redecide.ts'
import { audit } from '../store/audit.ts'
import { findAccessGroup } from '../store/groups.ts'
import { checkedId, checkVersion } from './checks.ts'
import { refuseSelfGrant } from './self-grant.ts'

/** Removes a group. Grants that only it allowed end. */
export const deleteAccessGroup =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: DeleteAccessGroupRequest, call: Call): Promise<DeleteAccessGroupResponse> => {
    const id = checkedId(request.id, 'access_group.not_found')
    return store.ending(call.caller.tenantId, async tx => {
      const group = await findAccessGroup(tx, id)
      checkVersion(group, request.version)
      await refuseSelfGrant(tx, call, group)
      await tx.accessGroup.delete({ where: { id } })
      await redecideGrants({ tx, by: call, reason: 'An access group was deleted', now: clock.now() })
      await audit(tx, call, 'access_group.deleted', {
        target: { kind: 'access-group', id, name: group.name },
        details: { name: group.name },
      })
      return {}
    })
  }
