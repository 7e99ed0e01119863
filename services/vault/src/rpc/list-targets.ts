import type { ListTargetsRequest, ListTargetsResponse } from '@sallyport/contracts/vault/v1/inventory'
import { pageOf } from '@sallyport/database/page'
import { parseId } from '../domain/credential.ts'
import { parseFilter } from '../domain/text.ts'
import type { Database } from '../store/database.ts'
import { listTargets as readTargets } from '../store/targets.ts'
import { idsPage } from './id-page.ts'
import { toTarget } from './wire-target.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'> }

export const listTargets =
  ({ database }: Deps) =>
  (request: ListTargetsRequest): Promise<ListTargetsResponse> => {
    const tenantId = parseId('tenant_id', request.tenantId)
    const search = parseFilter('search', request.search)
    const page = idsPage(request.page, 2)
    return database.sqlInTenant(tenantId, async sql => {
      const rows = await readTargets(sql, tenantId, { search, after: page.after, limit: page.size + 1 })
      const { items, nextCursor } = pageOf(rows, page, row => [row.credential_id, row.device_id])
      return { targets: items.map(toTarget), page: { nextCursor } }
    })
  }
