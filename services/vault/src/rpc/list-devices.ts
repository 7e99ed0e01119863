import type { ListDevicesRequest, ListDevicesResponse } from '@sallyport/contracts/vault/v1/inventory'
import { pageOf } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import { parseFilter } from '../domain/text.ts'
import type { Database } from '../store/database.ts'
import { listDevices as readDevices } from '../store/devices.ts'
import { idPage } from './id-page.ts'
import { toDevice } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'> }

export const listDevices =
  ({ database }: Deps) =>
  (request: ListDevicesRequest, call: Call): Promise<ListDevicesResponse> => {
    const { tenantId } = call.caller
    const page = idPage(request.page)
    const filter = {
      search: parseFilter('search', request.search),
      tag: parseFilter('tag', request.tag),
      type: parseFilter('type', request.type),
      site: parseFilter('site', request.site),
    }
    return database.inTenant(tenantId, async tx => {
      const rows = await readDevices(tx, tenantId, filter, { after: page.afterId, limit: page.size + 1 })
      const { items, nextCursor } = pageOf(rows, page, ({ id }) => [id])
      return { devices: items.map(toDevice), page: { nextCursor } }
    })
  }
