import type { GetUserRequest, GetUserResponse } from '@sallyport/contracts/access_control/v1/directory'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { findUser } from '../store/users.ts'
import { checkedId, checkPermission } from './checks.ts'
import { userMessages } from './user-message.ts'

/** Reads the caller, or with user.read anybody. */
export const getUser =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: GetUserRequest, call: Call): Promise<GetUserResponse> => {
    const id = checkedId(request.id || call.caller.userId, 'user.not_found')
    if (id !== call.caller.userId) checkPermission(call, 'user.read')
    return store.inTenant(call.caller.tenantId, async tx => {
      const [user] = await userMessages(tx, [await findUser(tx, id)], clock.now())
      return { user }
    })
  }
