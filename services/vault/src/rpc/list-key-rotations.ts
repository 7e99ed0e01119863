import type { ListKeyRotationsRequest, ListKeyRotationsResponse } from '@sallyport/contracts/vault/v1/secrets'
import { pageOf } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Database } from '../store/database.ts'
import { listKeyRotations as readKeyRotations } from '../store/key-rotations.ts'
import { idPage } from './id-page.ts'
import { toKeyRotation } from './wire-secrets.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'> }

export const listKeyRotations =
  ({ database }: Deps) =>
  async (request: ListKeyRotationsRequest, call: Call): Promise<ListKeyRotationsResponse> => {
    const { tenantId } = call.caller
    const page = idPage(request.page)
    const range = { before: page.afterId, limit: page.size + 1 }
    const rows = await database.sqlInTenant(tenantId, sql => readKeyRotations(sql, tenantId, range))
    const { items, nextCursor } = pageOf(rows, page, ({ id }) => [id])
    return { keyRotations: items.map(toKeyRotation), page: { nextCursor } }
  }
