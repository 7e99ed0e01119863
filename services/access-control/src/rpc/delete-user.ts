import type { DeleteUserRequest, DeleteUserResponse } from '@sallyport/contracts/access_control/v1/directory'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { endEverythingOf } from '../grants/end-logins.ts'
import { audit } from '../store/audit.ts'
import { forgetAllFailures } from '../store/failures.ts'
import type { Tx } from '../store/store.ts'
import { findUser, refuseGoverningUp, refuseLosingLastAdministrator } from '../store/users.ts'
import { checkedId, checkVersion } from './checks.ts'

export const deleteUser =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: DeleteUserRequest, call: Call): Promise<DeleteUserResponse> => {
    const id = checkedId(request.id, 'user.not_found')
    const { tenantId, permissions: own } = call.caller
    return store.ending(tenantId, async tx => {
      const user = await findUser(tx, id)
      checkVersion(user, request.version)
      await refuseGoverningUp(tx, user, own)
      await endEverythingOf({ tx, by: call, reason: 'Your account was deleted', now: clock.now() }, id)
      await forgetMemberships(tx, id)
      await forgetAllFailures(tx, user.userName)
      await tx.user.delete({ where: { id } })
      await refuseLosingLastAdministrator(tx)
      await audit(tx, call, 'user.deleted', {
        target: { kind: 'user', id, name: user.userName },
        details: { username: user.userName },
      })
      return {}
    })
  }

const forgetMemberships = async (tx: Tx, id: string): Promise<void> => {
  const sql = sqlOf(tx)
  await sql.query(
    'update user_groups set user_ids = array_remove(user_ids, $1::uuid), version = version + 1 where $1::uuid = any (user_ids)',
    [id],
  )
  await sql.query(
    `update access_groups set user_ids = array_remove(user_ids, $1::uuid),
       approver_user_ids = array_remove(approver_user_ids, $1::uuid), version = version + 1
     where $1::uuid = any (user_ids) or $1::uuid = any (approver_user_ids)`,
    [id],
  )
}
