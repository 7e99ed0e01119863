import type { ListCredentialsRequest, ListCredentialsResponse } from '@sallyport/contracts/vault/v1/inventory'
import { pageOf } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import { parseFilter } from '../domain/text.ts'
import { listCredentials as readCredentials } from '../store/credentials.ts'
import type { Database } from '../store/database.ts'
import { idPage } from './id-page.ts'
import { toCredential } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'> }

export const listCredentials =
  ({ database }: Deps) =>
  (request: ListCredentialsRequest, call: Call): Promise<ListCredentialsResponse> => {
    const { tenantId } = call.caller
    const page = idPage(request.page)
    const filter = {
      search: parseFilter('search', request.search),
      deviceId: request.deviceId === '' ? undefined : parseId('device_id', request.deviceId),
      tag: parseFilter('tag', request.tag),
      type: parseFilter('type', request.type),
    }
    return database.inTenant(tenantId, async tx => {
      const rows = await readCredentials(tx, tenantId, filter, { after: page.afterId, limit: page.size + 1 })
      const { items, nextCursor } = pageOf(rows, page, ({ id }) => [id])
      return { credentials: items.map(toCredential), page: { nextCursor } }
    })
  }
