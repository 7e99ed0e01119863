import type { Role as RoleMessage } from '@sallyport/contracts/access_control/v1/directory'
import type { Role } from '../generated/prisma/client.ts'

export const roleMessage = ({
  id,
  name,
  description,
  permissions,
  builtIn,
  version,
  createdAt,
}: Role): RoleMessage => ({
  id,
  name,
  description,
  permissions,
  builtIn,
  version,
  createdAt,
})
