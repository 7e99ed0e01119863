import { CreateUserRequest, type CreateUserResponse } from '@sallyport/contracts/access_control/v1/directory'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import type { Deps } from '../deps.ts'
import { newUserName } from '../domain/user-name.ts'
import { initialPassword } from '../login/initial-password.ts'
import { audit } from '../store/audit.ts'
import { insertUser } from '../store/new-user.ts'
import { checkGivenRoles } from '../store/users.ts'
import { checkedIds, checkedText } from './checks.ts'
import { takenAs } from './taken.ts'
import { userMessage } from './user-message.ts'

export const createUser =
  ({ store, hasher, clock }: Pick<Deps, 'store' | 'hasher' | 'clock'>) =>
  async (request: CreateUserRequest, call: Call): Promise<CreateUserResponse> => {
    const { tenantId, permissions: own } = call.caller
    const user = {
      tenantId,
      userName: newUserName(request.userName),
      displayName: checkedText(request.displayName, 'display name', 200),
      email: checkedText(request.email, 'e-mail address', 254),
    }
    using password = initialPassword()
    const passwordHash = await hasher.hash(password.bytes())
    const create = (): Promise<CreateUserResponse> =>
      store.inTenant(tenantId, tx =>
        once(
          sqlOf(tx),
          call,
          { request, requestType: CreateUserRequest, responseType: undefined },
          async () => {
            const roleIds = await checkGivenRoles(tx, checkedIds(request.roleIds, 'role.not_found'), own)
            const row = await insertUser(tx, { ...user, roleIds, passwordHash }, clock.now())
            await audit(tx, call, 'user.created', {
              target: { kind: 'user', id: row.id, name: row.userName },
              details: { username: row.userName, roles: roleIds },
            })
            return { user: userMessage(row), initialPassword: Buffer.from(password.bytes()) }
          },
        ),
      )
    return await takenAs('user.name_taken', create)
  }
