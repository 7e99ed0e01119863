import type { Clock } from '../domain/clock.ts'
import type { Store } from '../store/store.ts'
import type { PasswordHasher } from './password-hash.ts'
import type { TotpVault } from './sealed-totp.ts'

/** What the steps of a login need. */
export type LoginDeps = {
  store: Store
  hasher: PasswordHasher
  totpVault: TotpVault
  clock: Clock
  /** Failures that one source address may make in fifteen minutes. */
  sourceTries: number
}
