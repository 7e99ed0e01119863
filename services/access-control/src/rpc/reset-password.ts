import type {
  ResetPasswordRequest,
  ResetPasswordResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { rememberedPasswords } from '../domain/password-policy.ts'
import { endLoginsOf } from '../grants/end-logins.ts'
import { initialPassword } from '../login/initial-password.ts'
import { audit } from '../store/audit.ts'
import { findUser, refuseGoverningUp } from '../store/users.ts'
import { checkedId } from './checks.ts'

export const resetPassword =
  ({ store, hasher, clock }: Pick<Deps, 'store' | 'hasher' | 'clock'>) =>
  async (request: ResetPasswordRequest, call: Call): Promise<ResetPasswordResponse> => {
    const id = checkedId(request.id, 'user.not_found')
    using password = initialPassword()
    const passwordHash = await hasher.hash(password.bytes())
    return await store.ending(call.caller.tenantId, async tx => {
      const user = await findUser(tx, id)
      await refuseGoverningUp(tx, user, call.caller.permissions)
      await tx.user.update({
        where: { id },
        data: {
          passwordHash,
          oldPasswordHashes: [user.passwordHash, ...user.oldPasswordHashes].slice(0, rememberedPasswords),
          mustChangePassword: true,
          version: { increment: 1 },
        },
      })
      await endLoginsOf({ tx, by: call, reason: 'Your password was reset', now: clock.now() }, id)
      await audit(tx, call, 'user.password_reset', { target: { kind: 'user', id, name: user.userName } })
      return { initialPassword: Buffer.from(password.bytes()) }
    })
  }
