import { recordAudit } from '@sallyport/audit-events/record'
import type { DeleteDeviceRequest, DeleteDeviceResponse } from '@sallyport/contracts/vault/v1/inventory'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import { publishTargetsChanged } from '../events/published.ts'
import type { Database } from '../store/database.ts'
import { deleteDevice as removeDevice, lockDevice } from '../store/devices.ts'

type Deps = { database: Pick<Database, 'inTenant'> }

export const deleteDevice =
  ({ database }: Deps) =>
  (request: DeleteDeviceRequest, call: Call): Promise<DeleteDeviceResponse> => {
    const { tenantId } = call.caller
    const id = parseId('id', request.id)
    return database.inTenant(tenantId, async tx => {
      const { name } = await lockDevice(tx, tenantId, id, request.version)
      await removeDevice(tx, id)
      const sql = sqlOf(tx)
      await recordAudit(sql, call, 'device.deleted', {
        target: { kind: 'device', id, name },
        details: { name },
      })
      await publishTargetsChanged(sql, tenantId, { deviceId: id, deleted: true })
      return {}
    })
  }
