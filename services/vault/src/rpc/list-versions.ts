import type { ListVersionsRequest, ListVersionsResponse } from '@sallyport/contracts/vault/v1/inventory'
import { pageOf, pageQuery } from '@sallyport/database/page'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import type { Database } from '../store/database.ts'
import { lockCredential } from '../store/usable-credentials.ts'
import { listVersions as readVersions } from '../store/version-history.ts'
import { toVersion } from './wire-secrets.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'> }

export const listVersions =
  ({ database }: Deps) =>
  (request: ListVersionsRequest, call: Call): Promise<ListVersionsResponse> => {
    const { tenantId } = call.caller
    const credentialId = parseId('credential_id', request.credentialId)
    const page = pageQuery(request.page, 1)
    const before = numberOf(page.after?.[0])
    return database.sqlInTenant(tenantId, async sql => {
      await lockCredential(sql, { tenantId, credentialId }, 'share')
      const rows = await readVersions(sql, tenantId, credentialId, { before, limit: page.size + 1 })
      const { items, nextCursor } = pageOf(rows, page, ({ number }) => [String(number)])
      return { versions: items.map(toVersion), page: { nextCursor } }
    })
  }

const numberOf = (key: string | undefined): number | undefined => {
  if (key !== undefined && !/^\d{1,9}$/.test(key)) throw new SallyportError('cursor.invalid')
  return key === undefined ? undefined : Number(key)
}
