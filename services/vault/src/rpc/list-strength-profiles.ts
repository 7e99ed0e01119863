import type {
  ListStrengthProfilesRequest,
  ListStrengthProfilesResponse,
} from '@sallyport/contracts/vault/v1/inventory'
import { pageOf } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Database } from '../store/database.ts'
import { listStrengthProfiles as readStrengthProfiles } from '../store/strength-profiles.ts'
import { idPage } from './id-page.ts'
import { toStrengthProfile } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'> }

export const listStrengthProfiles =
  ({ database }: Deps) =>
  (request: ListStrengthProfilesRequest, call: Call): Promise<ListStrengthProfilesResponse> => {
    const { tenantId } = call.caller
    const page = idPage(request.page)
    return database.inTenant(tenantId, async tx => {
      const rows = await readStrengthProfiles(tx, tenantId, { after: page.afterId, limit: page.size + 1 })
      const { items, nextCursor } = pageOf(rows, page, ({ id }) => [id])
      return { strengthProfiles: items.map(toStrengthProfile), page: { nextCursor } }
    })
  }
