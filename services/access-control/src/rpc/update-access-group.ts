import type {
  UpdateAccessGroupRequest,
  UpdateAccessGroupResponse,
} from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { redecideGrants } from '../grants/redecide.ts'
import { audit } from '../store/audit.ts'
import { checkMembersExist, findAccessGroup } from '../store/groups.ts'
import { readDefinition } from './access-group-definition.ts'
import { accessGroupMessage } from './access-group-message.ts'
import { checkChanged, checkedId, checkVersion } from './checks.ts'
import { refuseSelfGrant } from './self-grant.ts'
import { takenAs } from './taken.ts'

/** Replaces a group's definition. Grants that would not be given any more end. */
export const updateAccessGroup =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: UpdateAccessGroupRequest, call: Call): Promise<UpdateAccessGroupResponse> => {
    const id = checkedId(request.id, 'access_group.not_found')
    const definition = readDefinition(request.definition)
    const now = clock.now()
    return takenAs('access_group.name_taken', () =>
      store.ending(call.caller.tenantId, async tx => {
        const group = await findAccessGroup(tx, id)
        checkVersion(group, request.version)
        await checkMembersExist(tx, definition)
        await refuseSelfGrant(tx, call, group)
        await refuseSelfGrant(tx, call, definition)
        checkChanged(
          await tx.accessGroup.updateMany({
            where: { id, version: request.version },
            data: { ...definition, version: { increment: 1 }, updatedAt: now },
          }),
        )
        await redecideGrants({ tx, by: call, reason: 'The access rules were changed', now })
        const changed = await findAccessGroup(tx, id)
        await audit(tx, call, 'access_group.updated', {
          target: { kind: 'access-group', id, name: changed.name },
          details: { name: changed.name, version: changed.version },
        })
        return { accessGroup: accessGroupMessage(changed) }
      }),
    )
  }
