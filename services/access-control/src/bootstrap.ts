import type { Secret } from '@sallyport/crypto/secret'
import { isUniqueViolation } from '@sallyport/database/failure'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import type { Clock } from './domain/clock.ts'
import { initialPassword } from './login/initial-password.ts'
import type { PasswordHasher } from './login/password-hash.ts'
import { audit, systemSource } from './store/audit.ts'
import { insertTenant } from './store/new-tenant.ts'
import type { Store } from './store/store.ts'

/** How the first administrator signs in. Shown once. */
export type FirstAdministrator = { tenant: string; userName: string; password: Secret }

type Deps = { store: Store; hasher: PasswordHasher; clock: Clock }

/**
 * Creates the operator's tenant with its administrator, once. Gives how to sign in the first time, and undefined ever
 * after; of several calls at once, one creates.
 */
export const bootstrapOperatorTenant = async ({
  store,
  hasher,
  clock,
}: Deps): Promise<FirstAdministrator | undefined> => {
  if ((await store.platform.tenant.count({ where: { operator: true } })) > 0) return undefined
  const password = initialPassword()
  const passwordHash = await hasher.hash(password.bytes())
  const now = clock.now()
  const tenant = { id: uuidV7(now), name: 'default', description: 'The operator’s tenant', operator: true }
  try {
    await store.inTenant(tenant.id, async tx => {
      await insertTenant(tx, tenant, { userName: 'admin', passwordHash }, now)
      await audit(tx, systemSource(tenant.id), 'tenant.created', {
        target: { kind: 'tenant', id: tenant.id, name: tenant.name },
        details: { name: tenant.name },
      })
    })
  } catch (thrown) {
    password.dispose()
    if (isUniqueViolation(thrown)) return undefined
    throw thrown
  }
  return { tenant: tenant.name, userName: 'admin', password }
}
