import {
  CreateUserGroupRequest,
  CreateUserGroupResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import { sqlOf } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import type { Deps } from '../deps.ts'
import { audit } from '../store/audit.ts'
import { checkUsersExist } from '../store/groups.ts'
import { checkedIds, checkedName, checkedText } from './checks.ts'
import { refuseSelfMembership } from './self-grant.ts'
import { takenAs } from './taken.ts'
import { userGroupMessage } from './user-group-message.ts'

export const createUserGroup =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: CreateUserGroupRequest, call: Call): Promise<CreateUserGroupResponse> => {
    const { tenantId } = call.caller
    const name = checkedName(request.name)
    const description = checkedText(request.description, 'description')
    const userIds = checkedIds(request.userIds, 'user.not_found')
    refuseSelfMembership(call, [], userIds)
    const now = clock.now()
    return takenAs('user_group.name_taken', () =>
      store.inTenant(tenantId, tx =>
        once(
          sqlOf(tx),
          call,
          { request, requestType: CreateUserGroupRequest, responseType: CreateUserGroupResponse },
          async () => {
            await checkUsersExist(tx, userIds)
            const group = await tx.userGroup.create({
              data: { id: uuidV7(now), tenantId, name, description, userIds, version: 1, createdAt: now },
            })
            const target = { kind: 'user-group', id: group.id, name }
            await audit(tx, call, 'group.created', { target, details: { name } })
            for (const id of userIds) {
              await audit(tx, call, 'group.member_added', { target, details: { user_id: id } })
            }
            return { userGroup: userGroupMessage(group) }
          },
        ),
      ),
    )
  }
