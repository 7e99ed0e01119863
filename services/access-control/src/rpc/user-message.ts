import type { User as UserMessage } from '@sallyport/contracts/access_control/v1/directory'
import type { User } from '../generated/prisma/client.ts'
import { locksOf } from '../store/failures.ts'
import type { Tx } from '../store/store.ts'

/** Users as the contract shows them, with the lock-outs that last. */
export const userMessages = async (tx: Tx, users: readonly User[], now: Date): Promise<UserMessage[]> => {
  const until = await locksOf(
    tx,
    users.map(user => user.userName),
    now,
  )
  return users.map(user => userMessage(user, until.get(user.userName)))
}

export const userMessage = (user: User, lockedUntil?: Date): UserMessage => ({
  id: user.id,
  userName: user.userName,
  displayName: user.displayName,
  email: user.email,
  disabled: user.disabled,
  roleIds: user.roleIds,
  totpEnrolled: user.totpSecret !== null,
  mustChangePassword: user.mustChangePassword,
  lockedUntil,
  lastLoginAt: user.lastLoginAt ?? undefined,
  createdAt: user.createdAt,
  version: user.version,
})
