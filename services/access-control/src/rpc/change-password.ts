import type {
  ChangePasswordRequest,
  ChangePasswordResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import { Secret } from '@sallyport/crypto/secret'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { accountPolicy } from '../domain/lockout.ts'
import { endLoginsOf } from '../grants/end-logins.ts'
import { counterAt, counterOf } from '../login/account.ts'
import { changedPassword } from '../login/change-password.ts'
import { audit } from '../store/audit.ts'
import { chargeTry, refundTry } from '../store/failures.ts'
import { findUser } from '../store/users.ts'
import { checkChanged, checkPerson } from './checks.ts'

/** Changes the caller's own password. Guesses at the current one count like failed logins. */
export const changePassword =
  ({ store, hasher, clock }: Pick<Deps, 'store' | 'hasher' | 'clock'>) =>
  async (request: ChangePasswordRequest, call: Call): Promise<ChangePasswordResponse> => {
    checkPerson(call)
    using current = Secret.of(request.currentPassword)
    using wanted = Secret.of(request.newPassword)
    const { tenantId, userId, loginSessionId, sourceAddress } = call.caller
    const now = clock.now()
    const { user, counter, charge } = await store.inTenant(tenantId, async tx => {
      const row = await findUser(tx, userId)
      const counted = await counterAt(tx, counterOf(row), { userId, sourceAddress, now })
      return { user: row, counter: counted, charge: await chargeTry(tx, counted, accountPolicy, now) }
    })
    const right = await hasher.verify(user.passwordHash, current.bytes())
    if (!right || charge.wasLocked) throw new SallyportError('password.wrong')
    await store.inTenant(tenantId, tx => refundTry(tx, counter))
    const change = await changedPassword(hasher, user, wanted)
    return await store.ending(tenantId, async tx => {
      // Not if somebody reset it meanwhile.
      checkChanged(
        await tx.user.updateMany({
          where: { id: userId, passwordHash: user.passwordHash },
          data: { ...change, mustChangePassword: false },
        }),
      )
      await endLoginsOf({ tx, by: call, reason: 'Your password was changed', now }, userId, loginSessionId)
      await audit(tx, call, 'user.password_changed', {
        target: { kind: 'user', id: userId, name: user.userName },
        details: { forced: false },
      })
      return {}
    })
  }
