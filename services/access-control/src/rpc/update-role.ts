import type { UpdateRoleRequest, UpdateRoleResponse } from '@sallyport/contracts/access_control/v1/directory'
import { isPermission } from '@sallyport/identity/permissions'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { without } from '../domain/difference.ts'
import { checkedPermissions, refuseBuiltInName, refuseEscalation } from '../domain/roles.ts'
import { audit } from '../store/audit.ts'
import { findOwnRole, findRole } from '../store/roles.ts'
import { checkChanged, checkedId, checkedName, checkedText, checkVersion } from './checks.ts'
import { roleMessage } from './role-message.ts'
import { takenAs } from './taken.ts'

export const updateRole =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: UpdateRoleRequest, call: Call): Promise<UpdateRoleResponse> => {
    const id = checkedId(request.id, 'role.not_found')
    const { tenantId, permissions: own } = call.caller
    const data = changesOf(request)
    if (data.name !== undefined) refuseBuiltInName(data.name)
    return takenAs('role.name_taken', () =>
      store.ending(tenantId, async tx => {
        const role = await findOwnRole(tx, id)
        checkVersion(role, request.version)
        refuseEscalation(role.permissions.filter(isPermission), own)
        if (data.permissions) refuseEscalation(data.permissions, own)
        checkChanged(
          await tx.role.updateMany({
            where: { id, version: request.version },
            data: { ...data, version: { increment: 1 } },
          }),
        )
        const after: readonly string[] = data.permissions ?? role.permissions
        await audit(tx, call, 'role.updated', {
          target: { kind: 'role', id, name: role.name },
          details: {
            name: role.name,
            fields: Object.keys(data),
            permissions_added: without(after, role.permissions),
            permissions_removed: without(role.permissions, after),
          },
        })
        return { role: roleMessage(await findRole(tx, id)) }
      }),
    )
  }

const changesOf = ({ name, description, permissions }: UpdateRoleRequest) => ({
  ...(name !== undefined && { name: checkedName(name) }),
  ...(description !== undefined && { description: checkedText(description, 'description') }),
  ...(permissions !== undefined && { permissions: checkedPermissions(permissions.ids) }),
})
