import type { UserGroup as UserGroupMessage } from '@sallyport/contracts/access_control/v1/directory'
import type { UserGroup } from '../generated/prisma/client.ts'

export const userGroupMessage = ({
  id,
  name,
  description,
  userIds,
  version,
  createdAt,
}: UserGroup): UserGroupMessage => ({
  id,
  name,
  description,
  userIds,
  version,
  createdAt,
})
