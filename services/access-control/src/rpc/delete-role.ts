import type { DeleteRoleRequest, DeleteRoleResponse } from '@sallyport/contracts/access_control/v1/directory'
import { SallyportError } from '@sallyport/errors/error'
import { isPermission } from '@sallyport/identity/permissions'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { refuseEscalation } from '../domain/roles.ts'
import { audit } from '../store/audit.ts'
import { findOwnRole } from '../store/roles.ts'
import { checkedId, checkVersion } from './checks.ts'

export const deleteRole =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: DeleteRoleRequest, call: Call): Promise<DeleteRoleResponse> => {
    const id = checkedId(request.id, 'role.not_found')
    return store.ending(call.caller.tenantId, async tx => {
      const role = await findOwnRole(tx, id)
      checkVersion(role, request.version)
      refuseEscalation(role.permissions.filter(isPermission), call.caller.permissions)
      if ((await tx.user.count({ where: { roleIds: { has: id } } })) > 0)
        throw new SallyportError('role.in_use')
      await tx.role.delete({ where: { id } })
      await audit(tx, call, 'role.deleted', {
        target: { kind: 'role', id, name: role.name },
        details: { name: role.name },
      })
      return {}
    })
  }
