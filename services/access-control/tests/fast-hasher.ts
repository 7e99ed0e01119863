import { createHash } from 'node:crypto'
import type { PasswordHasher } from '../src/login/password-hash.ts'

const digest = (password: Uint8Array): string => createHash('sha256').update(password).digest('hex')

/** Hashes in microseconds, for tests that sign in thousands of times and are not about passwords. */
export const fastHasher: PasswordHasher = {
  hash: async password => digest(password),
  verify: async (stored, password) => stored === digest(password),
}
