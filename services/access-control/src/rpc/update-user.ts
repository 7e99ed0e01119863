import type { UpdateUserRequest, UpdateUserResponse } from '@sallyport/contracts/access_control/v1/directory'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { without } from '../domain/difference.ts'
import type { User } from '../generated/prisma/client.ts'
import { endEverythingOf } from '../grants/end-logins.ts'
import { audit } from '../store/audit.ts'
import type { Tx } from '../store/store.ts'
import {
  checkGivenRoles,
  findUser,
  refuseGoverningUp,
  refuseLosingLastAdministrator,
} from '../store/users.ts'
import { checkChanged, checkedId, checkedIds, checkedText, checkVersion } from './checks.ts'
import { userMessages } from './user-message.ts'

export const updateUser =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: UpdateUserRequest, call: Call): Promise<UpdateUserResponse> => {
    const id = checkedId(request.id, 'user.not_found')
    const { tenantId, permissions: own } = call.caller
    const now = clock.now()
    return store.ending(tenantId, async tx => {
      const user = await findUser(tx, id)
      checkVersion(user, request.version)
      await refuseGoverningUp(tx, user, own)
      const data = { ...changesOf(request), ...(await rolesOf(tx, request, call)) }
      checkChanged(
        await tx.user.updateMany({
          where: { id, version: request.version },
          data: { ...data, version: { increment: 1 } },
        }),
      )
      await refuseLosingLastAdministrator(tx)
      if (data.disabled === true && !user.disabled) {
        await endEverythingOf({ tx, by: call, reason: 'Your account was disabled', now }, id)
      }
      await auditChanges(tx, call, user, data)
      const [changed] = await userMessages(tx, [await findUser(tx, id)], now)
      return { user: changed }
    })
  }

type Changes = { displayName?: string; email?: string; disabled?: boolean; roleIds?: string[] }

const changesOf = ({ displayName, email, disabled }: UpdateUserRequest): Changes => ({
  ...(displayName !== undefined && { displayName: checkedText(displayName, 'display name', 200) }),
  ...(email !== undefined && { email: checkedText(email, 'e-mail address', 254) }),
  ...(disabled !== undefined && { disabled }),
})

const rolesOf = async (tx: Tx, { roles }: UpdateUserRequest, { caller }: Call): Promise<Changes> =>
  roles === undefined
    ? {}
    : { roleIds: await checkGivenRoles(tx, checkedIds(roles.ids, 'role.not_found'), caller.permissions) }

const auditChanges = async (tx: Tx, call: Call, user: User, changes: Changes): Promise<void> => {
  const target = { kind: 'user', id: user.id, name: user.userName }
  await audit(tx, call, 'user.updated', { target, details: { fields: Object.keys(changes) } })
  if (changes.disabled !== undefined && changes.disabled !== user.disabled) {
    await audit(tx, call, changes.disabled ? 'user.disabled' : 'user.enabled', { target })
  }
  if (changes.roleIds === undefined) return
  for (const id of without(changes.roleIds, user.roleIds)) {
    await audit(tx, call, 'user.role_assigned', { target, details: { role_id: id } })
  }
  for (const id of without(user.roleIds, changes.roleIds)) {
    await audit(tx, call, 'user.role_removed', { target, details: { role_id: id } })
  }
}
