import type {
  ListPermissionsRequest,
  ListPermissionsResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import { permissions } from '@sallyport/identity/permissions'

export const listPermissions =
  () =>
  async (_request: ListPermissionsRequest): Promise<ListPermissionsResponse> => ({
    permissions: Object.entries(permissions).map(([id, description]) => ({ id, description })),
  })
