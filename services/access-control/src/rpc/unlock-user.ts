import type { UnlockUserRequest, UnlockUserResponse } from '@sallyport/contracts/access_control/v1/directory'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { audit } from '../store/audit.ts'
import { forgetAllFailures } from '../store/failures.ts'
import { findUser } from '../store/users.ts'
import { checkedId } from './checks.ts'

export const unlockUser =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: UnlockUserRequest, call: Call): Promise<UnlockUserResponse> => {
    const id = checkedId(request.id, 'user.not_found')
    return store.inTenant(call.caller.tenantId, async tx => {
      const user = await findUser(tx, id)
      await forgetAllFailures(tx, user.userName)
      await audit(tx, call, 'user.unlocked', {
        target: { kind: 'user', id, name: user.userName },
        details: { username: user.userName },
      })
      return {}
    })
  }
