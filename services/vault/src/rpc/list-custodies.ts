import type { ListCustodiesRequest, ListCustodiesResponse } from '@sallyport/contracts/vault/v1/secrets'
import { pageOf } from '@sallyport/database/page'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { listCustodies as readCustodies } from '../store/custodies.ts'
import type { Database } from '../store/database.ts'
import { idPage } from './id-page.ts'
import { toCustody } from './wire-secrets.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'> }

export const listCustodies =
  ({ database }: Deps) =>
  async (request: ListCustodiesRequest, call: Call): Promise<ListCustodiesResponse> => {
    const { tenantId, userId, permissions } = call.caller
    const mayReadAll = permissions.has('custody.read') || permissions.has('custody.manage')
    if (request.all && !mayReadAll) throw new SallyportError('caller.not_allowed')
    const page = idPage(request.page)
    const holderUserId = request.all ? undefined : userId
    const filter = { holderUserId, liveOnly: request.liveOnly, before: page.afterId, limit: page.size + 1 }
    const rows = await database.sqlInTenant(tenantId, sql => readCustodies(sql, tenantId, filter))
    const { items, nextCursor } = pageOf(rows, page, ({ id }) => [id])
    return { custodies: items.map(toCustody), page: { nextCursor } }
  }
