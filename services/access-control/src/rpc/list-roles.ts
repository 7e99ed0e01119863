import type { ListRolesRequest, ListRolesResponse } from '@sallyport/contracts/access_control/v1/directory'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { before, take } from './paging.ts'
import { roleMessage } from './role-message.ts'

export const listRoles =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: ListRolesRequest, { caller }: Call): Promise<ListRolesResponse> => {
    const query = pageQuery(request.page, 1)
    const rows = await store.inTenant(caller.tenantId, tx =>
      tx.role.findMany({ where: before(query), ...take(query) }),
    )
    const { items, nextCursor } = pageOf(rows, query, row => [row.id])
    return { roles: items.map(roleMessage), page: { nextCursor } }
  }
