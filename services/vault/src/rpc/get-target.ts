import type { GetTargetRequest, GetTargetResponse } from '@sallyport/contracts/vault/v1/inventory'
import { SallyportError } from '@sallyport/errors/error'
import { parseId } from '../domain/credential.ts'
import type { Database } from '../store/database.ts'
import { findTarget } from '../store/targets.ts'
import { toTarget } from './wire-target.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'> }

export const getTarget =
  ({ database }: Deps) =>
  (request: GetTargetRequest): Promise<GetTargetResponse> => {
    const tenantId = parseId('tenant_id', request.tenantId)
    const credentialId = parseId('credential_id', request.credentialId)
    const deviceId = parseId('device_id', request.deviceId)
    return database.sqlInTenant(tenantId, async sql => {
      const row = await findTarget(sql, tenantId, credentialId, deviceId)
      if (row === undefined) throw new SallyportError('credential.not_found')
      return { target: toTarget(row) }
    })
  }
