import type { Secret } from '@sallyport/crypto/secret'
import { SallyportError } from '@sallyport/errors/error'
import { checkNewPassword, rememberedPasswords } from '../domain/password-policy.ts'
import type { User } from '../generated/prisma/client.ts'
import type { PasswordHasher } from './password-hash.ts'

type Change = { passwordHash: string; oldPasswordHashes: string[] }

/** What a user's row gets for a new password that the rules accept. */
export const changedPassword = async (
  hasher: PasswordHasher,
  user: User,
  password: Secret,
): Promise<Change> => {
  checkNewPassword(password.bytes(), user.userName)
  const earlier = [user.passwordHash, ...user.oldPasswordHashes].slice(0, rememberedPasswords)
  for (const hash of earlier) {
    if (await hasher.verify(hash, password.bytes())) {
      throw new SallyportError('password.refused', 'this password was used before')
    }
  }
  return { passwordHash: await hasher.hash(password.bytes()), oldPasswordHashes: earlier }
}
