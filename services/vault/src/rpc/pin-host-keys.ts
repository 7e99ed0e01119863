import { createHash } from 'node:crypto'
import { recordAudit } from '@sallyport/audit-events/record'
import type { PinHostKeysRequest, PinHostKeysResponse } from '@sallyport/contracts/vault/v1/inventory'
import { type Sql, sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import { parseHostKeys } from '../domain/host-key.ts'
import { invalid } from '../domain/invalid.ts'
import type { Database } from '../store/database.ts'
import { type DeviceRow, type HostKeyPin, lockDevice, replaceHostKeys } from '../store/devices.ts'
import { toDevice } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'>; now: () => Date }

export const pinHostKeys =
  ({ database, now }: Deps) =>
  (request: PinHostKeysRequest, call: Call): Promise<PinHostKeysResponse> => {
    const { tenantId } = call.caller
    const { port, version } = request
    const id = parseId('id', request.id)
    const pins = parseHostKeys(request.publicKeys).map(
      ({ algorithm, publicKey }): HostKeyPin => ({
        algorithm,
        publicKey: new Uint8Array(publicKey),
        fingerprint: fingerprintOf(publicKey),
      }),
    )
    return database.inTenant(tenantId, async tx => {
      const before = await lockDevice(tx, tenantId, id, version)
      if (!before.connectivities.some(way => way.port === port))
        throw invalid('port', 'must be one of the device’s connectivities')
      const device = await replaceHostKeys(tx, { id, tenantId, now: now(), port }, pins)
      await auditPins(sqlOf(tx), call, before, pins, device)
      return { device: toDevice(device) }
    })
  }

/** As `ssh-keygen -l` prints it. */
const fingerprintOf = (publicKey: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(publicKey).digest('base64').replaceAll('=', '')}`

const auditPins = async (
  sql: Sql,
  call: Call,
  before: DeviceRow,
  pins: readonly HostKeyPin[],
  { id, name, version, hostKeys }: DeviceRow,
): Promise<void> => {
  const target = { kind: 'device', id, name }
  await recordAudit(sql, call, 'device.updated', { target, details: { fields: ['host_keys'], version } })
  const known = new Set(before.hostKeys.map(({ fingerprint }) => fingerprint))
  for (const { fingerprint, algorithm } of pins.filter(pin => !known.has(pin.fingerprint)))
    await recordAudit(sql, call, 'device.host_key_pinned', { target, details: { fingerprint, algorithm } })
  const left = new Set(hostKeys.map(({ port, fingerprint }) => `${port} ${fingerprint}`))
  for (const { port, fingerprint, algorithm } of before.hostKeys)
    if (!left.has(`${port} ${fingerprint}`))
      await recordAudit(sql, call, 'device.host_key_unpinned', {
        target,
        details: { fingerprint, algorithm },
      })
}
