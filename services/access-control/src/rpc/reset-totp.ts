import type { ResetTotpRequest, ResetTotpResponse } from '@sallyport/contracts/access_control/v1/directory'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { endLoginsOf } from '../grants/end-logins.ts'
import { audit } from '../store/audit.ts'
import { findUser, refuseGoverningUp } from '../store/users.ts'
import { checkedId } from './checks.ts'

export const resetTotp =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: ResetTotpRequest, call: Call): Promise<ResetTotpResponse> => {
    const id = checkedId(request.id, 'user.not_found')
    return store.ending(call.caller.tenantId, async tx => {
      const user = await findUser(tx, id)
      await refuseGoverningUp(tx, user, call.caller.permissions)
      // The last step stays: a code of the old secret and one of the new are then never good at once.
      await tx.user.update({ where: { id }, data: { totpSecret: null, version: { increment: 1 } } })
      await endLoginsOf({ tx, by: call, reason: 'Your second factor was reset', now: clock.now() }, id)
      await audit(tx, call, 'user.mfa_removed', {
        target: { kind: 'user', id, name: user.userName },
        details: { kind: 'totp', reason: 'reset' },
      })
      return {}
    })
  }
