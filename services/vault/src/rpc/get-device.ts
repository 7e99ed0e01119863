import type { GetDeviceRequest, GetDeviceResponse } from '@sallyport/contracts/vault/v1/inventory'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import type { Database } from '../store/database.ts'
import { getDevice as readDevice } from '../store/devices.ts'
import { toDevice } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'> }

export const getDevice =
  ({ database }: Deps) =>
  (request: GetDeviceRequest, call: Call): Promise<GetDeviceResponse> => {
    const { tenantId } = call.caller
    const id = parseId('id', request.id)
    return database.inTenant(tenantId, async tx => ({ device: toDevice(await readDevice(tx, tenantId, id)) }))
  }
