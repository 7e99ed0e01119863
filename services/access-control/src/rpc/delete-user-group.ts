import type {
  DeleteUserGroupRequest,
  DeleteUserGroupResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { redecideGrants } from '../grants/redecide.ts'
import { audit } from '../store/audit.ts'
import { findUserGroup } from '../store/groups.ts'
import type { Tx } from '../store/store.ts'
import { checkedId, checkVersion } from './checks.ts'
import { refuseSelfMembership } from './self-grant.ts'

/** Removes a group, also from access groups. What its members had through it ends. */
export const deleteUserGroup =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: DeleteUserGroupRequest, call: Call): Promise<DeleteUserGroupResponse> => {
    const id = checkedId(request.id, 'user_group.not_found')
    return store.ending(call.caller.tenantId, async tx => {
      const group = await findUserGroup(tx, id)
      checkVersion(group, request.version)
      refuseSelfMembership(call, group.userIds, [])
      await forgetInAccessGroups(tx, id)
      await tx.userGroup.delete({ where: { id } })
      await redecideGrants({ tx, by: call, reason: 'A user group of yours was deleted', now: clock.now() })
      await audit(tx, call, 'group.deleted', {
        target: { kind: 'user-group', id, name: group.name },
        details: { name: group.name },
      })
      return {}
    })
  }

const forgetInAccessGroups = async (tx: Tx, id: string): Promise<void> => {
  await sqlOf(tx).query(
    `update access_groups set user_group_ids = array_remove(user_group_ids, $1::uuid),
       approver_group_ids = array_remove(approver_group_ids, $1::uuid), version = version + 1
     where $1::uuid = any (user_group_ids) or $1::uuid = any (approver_group_ids)`,
    [id],
  )
}
