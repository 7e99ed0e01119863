import type {
  UpdateUserGroupRequest,
  UpdateUserGroupResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { without } from '../domain/difference.ts'
import type { UserGroup } from '../generated/prisma/client.ts'
import { redecideGrants } from '../grants/redecide.ts'
import { audit } from '../store/audit.ts'
import { checkUsersExist, findUserGroup } from '../store/groups.ts'
import type { Tx } from '../store/store.ts'
import { checkChanged, checkedId, checkedIds, checkedName, checkedText, checkVersion } from './checks.ts'
import { refuseSelfMembership } from './self-grant.ts'
import { takenAs } from './taken.ts'
import { userGroupMessage } from './user-group-message.ts'

/** Changes a group. What its members had through it, and have no more, ends. */
export const updateUserGroup =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: UpdateUserGroupRequest, call: Call): Promise<UpdateUserGroupResponse> => {
    const id = checkedId(request.id, 'user_group.not_found')
    const data = changesOf(request)
    return takenAs('user_group.name_taken', () =>
      store.ending(call.caller.tenantId, async tx => {
        const group = await findUserGroup(tx, id)
        checkVersion(group, request.version)
        await checkUsersExist(tx, data.userIds ?? [])
        refuseSelfMembership(call, group.userIds, data.userIds ?? group.userIds)
        checkChanged(
          await tx.userGroup.updateMany({
            where: { id, version: request.version },
            data: { ...data, version: { increment: 1 } },
          }),
        )
        await redecideGrants({ tx, by: call, reason: 'Your user groups were changed', now: clock.now() })
        const changed = await findUserGroup(tx, id)
        await auditChanges(tx, call, group, changed)
        return { userGroup: userGroupMessage(changed) }
      }),
    )
  }

type Changes = { name?: string; description?: string; userIds?: string[] }

const changesOf = ({ name, description, users }: UpdateUserGroupRequest): Changes => ({
  ...(name !== undefined && { name: checkedName(name) }),
  ...(description !== undefined && { description: checkedText(description, 'description') }),
  ...(users !== undefined && { userIds: checkedIds(users.ids, 'user.not_found') }),
})

const auditChanges = async (tx: Tx, call: Call, before: UserGroup, after: UserGroup): Promise<void> => {
  const target = { kind: 'user-group', id: after.id, name: after.name }
  await audit(tx, call, 'group.updated', { target, details: { name: after.name } })
  for (const id of without(after.userIds, before.userIds)) {
    await audit(tx, call, 'group.member_added', { target, details: { user_id: id } })
  }
  for (const id of without(before.userIds, after.userIds)) {
    await audit(tx, call, 'group.member_removed', { target, details: { user_id: id } })
  }
}
