import { recordAudit } from '@sallyport/audit-events/record'
import { CreateDeviceRequest, CreateDeviceResponse } from '@sallyport/contracts/vault/v1/inventory'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import { parseDevice } from '../domain/device.ts'
import type { Database } from '../store/database.ts'
import { insertDevice } from '../store/devices.ts'
import { toDevice } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'>; newId: () => string; now: () => Date }

export const createDevice =
  ({ database, newId, now }: Deps) =>
  (request: CreateDeviceRequest, call: Call): Promise<CreateDeviceResponse> => {
    const { tenantId } = call.caller
    const attributes = parseDevice(request)
    const exchange = { request, requestType: CreateDeviceRequest, responseType: CreateDeviceResponse }
    return database.inTenant(tenantId, tx =>
      once(sqlOf(tx), call, exchange, async () => {
        const device = await insertDevice(tx, { id: newId(), tenantId, now: now() }, attributes)
        const { id, name, address, type, site } = device
        await recordAudit(sqlOf(tx), call, 'device.created', {
          target: { kind: 'device', id, name },
          details: { name, address, type, site },
        })
        return { device: toDevice(device) }
      }),
    )
  }
