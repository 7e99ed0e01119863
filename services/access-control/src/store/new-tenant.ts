import { tenantCreated } from '../events/published.ts'
import type { Tenant, User } from '../generated/prisma/client.ts'
import { insertUser } from './new-user.ts'
import type { Tx } from './store.ts'
import { createBuiltInRoles } from './tenants.ts'

/** Makes a tenant with its roles and first administrator, in a transaction that is in this tenant. */
export const insertTenant = async (
  tx: Tx,
  tenant: Pick<Tenant, 'id' | 'name' | 'description' | 'operator'>,
  administrator: { userName: string; passwordHash: string },
  now: Date,
): Promise<{ tenant: Tenant; administrator: User }> => {
  const row = await tx.tenant.create({ data: { ...tenant, disabled: false, version: 1, createdAt: now } })
  const roles = await createBuiltInRoles(tx, row, now)
  const roleIds = [roles.get('administrator'), roles.get('operator')].filter(id => id !== undefined)
  const user = await insertUser(
    tx,
    { ...administrator, tenantId: row.id, displayName: 'Administrator', email: '', roleIds },
    now,
  )
  await tenantCreated(tx, row)
  return { tenant: row, administrator: user }
}
