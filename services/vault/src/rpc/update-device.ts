import { recordAudit } from '@sallyport/audit-events/record'
import type { UpdateDeviceRequest, UpdateDeviceResponse } from '@sallyport/contracts/vault/v1/inventory'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import { criteriaDiffer, parseDevice, portsStillPinned } from '../domain/device.ts'
import { publishTargetsChanged } from '../events/published.ts'
import type { Database } from '../store/database.ts'
import { type DeviceRow, lockDevice, updateDevice as writeDevice } from '../store/devices.ts'
import { changedFields } from './changed-fields.ts'
import { toDevice } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'>; now: () => Date }

export const updateDevice =
  ({ database, now }: Deps) =>
  (request: UpdateDeviceRequest, call: Call): Promise<UpdateDeviceResponse> => {
    const { tenantId } = call.caller
    const id = parseId('id', request.id)
    return database.inTenant(tenantId, async tx => {
      const row = await lockDevice(tx, tenantId, id, request.version)
      const before = parseDevice(row)
      const after = parseDevice(merge(row, request))
      const pinned = portsStillPinned(before, after)
      const device = await writeDevice(tx, { id, tenantId, now: now() }, after, pinned)
      const sql = sqlOf(tx)
      await recordAudit(sql, call, 'device.updated', {
        target: { kind: 'device', id, name: device.name },
        details: { fields: changedFields(before, after), version: device.version },
      })
      for (const { fingerprint, algorithm } of row.hostKeys.filter(({ port }) => !pinned.includes(port)))
        await recordAudit(sql, call, 'device.host_key_unpinned', {
          target: { kind: 'device', id, name: device.name },
          details: { fingerprint, algorithm },
        })
      if (criteriaDiffer(before, after))
        await publishTargetsChanged(sql, tenantId, { deviceId: id, deleted: false })
      return { device: toDevice(device) }
    })
  }

const merge = (row: DeviceRow, request: UpdateDeviceRequest) => ({
  name: request.name ?? row.name,
  address: request.address ?? row.address,
  type: request.type ?? row.type,
  site: request.site ?? row.site,
  tags: request.tags?.values ?? row.tags,
  connectivities: request.connectivities?.values ?? row.connectivities,
})
