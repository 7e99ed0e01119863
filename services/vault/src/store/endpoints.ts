import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'

export type PinnedHostKey = {
  port: number
  publicKey: Uint8Array
  algorithm: string
  fingerprint: string
  pinnedAt: Date
}

/** Where a device answers, and how to recognise it. */
export type DeviceEndpoint = {
  deviceId: string
  deviceName: string
  address: string
  port: number
  hostKeys: PinnedHostKey[]
}

type Row = {
  device_id: string
  name: string
  address: string
  port: number
  public_key: Buffer
  algorithm: string
  fingerprint: string
  pinned_at: Date
}

/**
 * The device's first SSH port that has pinned host keys.
 * INVARIANT: without a pinned key nothing may connect. Throws `device.no_host_key`.
 */
export const readEndpoint = async (sql: Sql, tenantId: string, deviceId: string): Promise<DeviceEndpoint> => {
  const endpoint = (await readEndpoints(sql, tenantId, [deviceId])).get(deviceId)
  if (endpoint === undefined) throw new SallyportError('device.no_host_key')
  return endpoint
}

/** The same of several devices, by id; without those that have no pinned key. */
export const readEndpoints = async (
  sql: Sql,
  tenantId: string,
  deviceIds: readonly string[],
): Promise<Map<string, DeviceEndpoint>> => {
  const rows = await sql.query<Row>(
    `select device_id, device.name, device.address, port, key.public_key, key.algorithm, key.fingerprint, key.pinned_at
     from devices as device
     join connectivities as way on way.device_id = device.id and way.protocol = 'ssh'
     join host_keys as key using (device_id, port)
     where device.tenant_id = $1::uuid and device.id = any ($2::uuid[])
     order by port, key.fingerprint`,
    [tenantId, deviceIds],
    'read endpoints',
  )
  const endpoints = new Map<string, DeviceEndpoint>()
  for (const row of rows) {
    const { device_id: deviceId, name, address, port } = row
    const endpoint = endpoints.get(deviceId) ?? { deviceId, deviceName: name, address, port, hostKeys: [] }
    if (port === endpoint.port) endpoint.hostKeys.push(hostKeyOf(row))
    endpoints.set(deviceId, endpoint)
  }
  return endpoints
}

const hostKeyOf = (row: Row): PinnedHostKey => ({
  port: row.port,
  publicKey: row.public_key,
  algorithm: row.algorithm,
  fingerprint: row.fingerprint,
  pinnedAt: row.pinned_at,
})
