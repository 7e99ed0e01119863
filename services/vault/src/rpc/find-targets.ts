import type { FindTargetsRequest, FindTargetsResponse } from '@sallyport/contracts/vault/v1/inventory'
import { parseId } from '../domain/credential.ts'
import { foldName } from '@sallyport/names/fold-name'
import type { Database } from '../store/database.ts'
import { findTargetsByName } from '../store/targets.ts'
import { toTarget } from './wire-target.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'> }

const MAX_TARGETS = 20

export const findTargets =
  ({ database }: Deps) =>
  (request: FindTargetsRequest): Promise<FindTargetsResponse> => {
    const tenantId = parseId('tenant_id', request.tenantId)
    const { username, domain, device } = request
    // A login string is typed by anybody: NUL, which PostgreSQL does not take, names nothing.
    if ([username, domain, device].some(text => text.includes('\0'))) return Promise.resolve({ targets: [] })
    const named = { username, domain, deviceKey: foldName(device), address: device.toLowerCase() }
    return database.sqlInTenant(tenantId, async sql => ({
      targets: (await findTargetsByName(sql, tenantId, named, MAX_TARGETS)).map(toTarget),
    }))
  }
