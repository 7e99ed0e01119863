import { CreateRoleRequest, CreateRoleResponse } from '@sallyport/contracts/access_control/v1/directory'
import { sqlOf } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import type { Deps } from '../deps.ts'
import { checkedPermissions, refuseBuiltInName, refuseEscalation } from '../domain/roles.ts'
import { audit } from '../store/audit.ts'
import { checkedName, checkedText } from './checks.ts'
import { roleMessage } from './role-message.ts'
import { takenAs } from './taken.ts'

export const createRole =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: CreateRoleRequest, call: Call): Promise<CreateRoleResponse> => {
    const { tenantId, permissions: own } = call.caller
    const name = checkedName(request.name)
    refuseBuiltInName(name)
    const permissions = checkedPermissions(request.permissions)
    refuseEscalation(permissions, own)
    const description = checkedText(request.description, 'description')
    return takenAs('role.name_taken', () =>
      store.inTenant(tenantId, tx =>
        once(
          sqlOf(tx),
          call,
          { request, requestType: CreateRoleRequest, responseType: CreateRoleResponse },
          async () => {
            const now = clock.now()
            const role = await tx.role.create({
              data: {
                id: uuidV7(now),
                tenantId,
                name,
                description,
                permissions,
                builtIn: false,
                version: 1,
                createdAt: now,
              },
            })
            await audit(tx, call, 'role.created', {
              target: { kind: 'role', id: role.id, name },
              details: { name, permissions },
            })
            return { role: roleMessage(role) }
          },
        ),
      ),
    )
  }
