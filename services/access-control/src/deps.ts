import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import type { Pool } from '@sallyport/database/pool'
import type { Meter } from '@sallyport/telemetry/metrics'
import type { TargetSource } from './clients/vault.ts'
import type { Notifications } from './grants/notify.ts'
import type { SigningKeys } from './keys/signing-keys.ts'
import type { LoginDeps } from './login/deps.ts'
import type { Policies } from './store/policies.ts'

/** Everything that is built once. Each handler names the part of it that it needs. */
export type Deps = LoginDeps & {
  policies: Policies
  targets: TargetSource
  keys: SigningKeys
  root: RootKeyProvider
  notifications: Notifications
  /** Reads the revocation stream across tenants. */
  workerPool: Pool
  /** Counts decisions. */
  meter: Pick<Meter, 'count'>
  /** Fires when the service stops, for streams that would not end by themselves. */
  stopping: AbortSignal
}
