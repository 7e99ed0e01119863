import type { Tenant as TenantMessage } from '@sallyport/contracts/access_control/v1/directory'
import type { Tenant } from '../generated/prisma/client.ts'

export const tenantMessage = ({
  id,
  name,
  description,
  disabled,
  operator,
  version,
  createdAt,
}: Tenant): TenantMessage => ({
  id,
  name,
  description,
  disabled,
  operator,
  version,
  createdAt,
})
