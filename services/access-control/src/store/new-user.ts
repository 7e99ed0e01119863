import { uuidV7 } from '@sallyport/database/uuid-v7'
import type { User } from '../generated/prisma/client.ts'
import type { Tx } from './store.ts'

/** A user whose initial password somebody hands over, and who must change it at the first login. */
export const insertUser = (
  tx: Tx,
  user: {
    tenantId: string
    userName: string
    displayName: string
    email: string
    roleIds: string[]
    passwordHash: string
  },
  now: Date,
): Promise<User> =>
  tx.user.create({
    data: {
      ...user,
      id: uuidV7(now),
      disabled: false,
      oldPasswordHashes: [],
      mustChangePassword: true,
      version: 1,
      createdAt: now,
    },
  })
