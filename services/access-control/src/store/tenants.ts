import { sqlOf } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import { type BuiltInRole, builtInRoles } from '../domain/roles.ts'
import type { Tenant } from '../generated/prisma/client.ts'
import type { Store, Tx } from './store.ts'

const shape = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** A tenant's name stands in login strings and URLs. */
export const checkedTenantName = (text: string): string => {
  if (!shape.test(text)) {
    throw new SallyportError('request.invalid', 'a tenant name has 1 to 63 lower-case letters, digits or "-"')
  }
  return text
}

/** INVARIANT: permissions for the platform count only in the operator's tenant, whoever came to hold them. */
export const checkOperator = async (tx: Tx, tenantId: string): Promise<void> => {
  const tenant = await tx.tenant.findUnique({ where: { id: tenantId } })
  if (tenant?.operator !== true || tenant.disabled) throw new SallyportError('caller.not_allowed')
}

/** Undefined before it was created. */
export const findOperatorTenant = async ({
  platform,
}: Pick<Store, 'platform'>): Promise<string | undefined> =>
  (await platform.tenant.findFirst({ where: { operator: true }, select: { id: true } }))?.id

export const findTenant = async (tx: Tx, id: string): Promise<Tenant> => {
  const tenant = await tx.tenant.findUnique({ where: { id } })
  if (tenant === null) throw new SallyportError('tenant.not_found')
  return tenant
}

/** Runs a part of a transaction in another tenant, as only the operator's methods need. */
export const asTenant = async <R>(tx: Tx, tenantId: string, work: () => Promise<R>): Promise<R> => {
  const sql = sqlOf(tx)
  const [row] = await sql.query<{ before: string }>(
    "select current_setting('app.tenant_id', true) as before",
    [],
  )
  await sql.query("select set_config('app.tenant_id', $1, true)", [tenantId])
  const result = await work()
  await sql.query("select set_config('app.tenant_id', $1, true)", [row?.before ?? ''])
  return result
}

/** Makes a tenant's built-in roles. The operator's role exists only in the operator's tenant. Gives ids by name. */
export const createBuiltInRoles = async (
  tx: Tx,
  tenant: Pick<Tenant, 'id' | 'operator'>,
  now: Date,
): Promise<ReadonlyMap<BuiltInRole, string>> => {
  const names: BuiltInRole[] = ['administrator', 'approver', 'auditor', 'user']
  if (tenant.operator) names.push('operator')
  const ids = new Map(names.map(name => [name, uuidV7(now)] as const))
  await tx.role.createMany({
    data: [...ids].map(([name, id]) => ({
      id,
      tenantId: tenant.id,
      name,
      description: builtInRoles[name].description,
      permissions: [...builtInRoles[name].permissions],
      builtIn: true,
      version: 1,
      createdAt: now,
    })),
  })
  return ids
}
