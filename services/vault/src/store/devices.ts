import { sqlOf } from '@sallyport/database/sql'
import { isForeignKeyViolation, isUniqueViolation } from '@sallyport/database/failure'
import { SallyportError } from '@sallyport/errors/error'
import type { DeviceAttributes } from '../domain/device.ts'
import { foldName } from '@sallyport/names/fold-name'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Tx } from './database.ts'

const include = {
  connectivities: { orderBy: { port: 'asc' } },
  hostKeys: { orderBy: [{ port: 'asc' }, { fingerprint: 'asc' }] },
} as const satisfies Prisma.DeviceInclude

export type DeviceRow = Prisma.DeviceGetPayload<{ include: typeof include }>

/** Throws `device.not_found`. */
export const getDevice = async (tx: Tx, tenantId: string, id: string): Promise<DeviceRow> => {
  const device = await tx.device.findFirst({ where: { tenantId, id }, include })
  if (device === null) throw new SallyportError('device.not_found')
  return device
}

/**
 * Reads a device that is about to change, and locks it until the transaction's end.
 * Throws `device.not_found` or `version.conflict`.
 */
export const lockDevice = async (
  tx: Tx,
  tenantId: string,
  id: string,
  version: number,
): Promise<DeviceRow> => {
  await sqlOf(tx).query('select id from devices where tenant_id = $1::uuid and id = $2::uuid for update', [
    tenantId,
    id,
  ])
  const device = await getDevice(tx, tenantId, id)
  if (device.version !== version) throw new SallyportError('version.conflict')
  return device
}

/** Throws `device.name_taken`. */
export const insertDevice = (
  tx: Tx,
  at: { id: string; tenantId: string; now: Date },
  device: DeviceAttributes,
): Promise<DeviceRow> =>
  tx.device
    .create({
      data: {
        id: at.id,
        tenantId: at.tenantId,
        ...columnsOf(device),
        createdAt: at.now,
        updatedAt: at.now,
        connectivities: { create: connectivitiesOf(at.tenantId, device) },
      },
      include,
    })
    .catch(nameTaken)

/** Throws `device.name_taken`. The device must be locked. */
export const updateDevice = async (
  tx: Tx,
  at: { id: string; tenantId: string; now: Date },
  device: DeviceAttributes,
  pinnedPorts: readonly number[],
): Promise<DeviceRow> => {
  await tx.hostKey.deleteMany({ where: { deviceId: at.id, port: { notIn: [...pinnedPorts] } } })
  await tx.connectivity.deleteMany({ where: { deviceId: at.id } })
  return await tx.device
    .update({
      where: { id: at.id },
      data: {
        ...columnsOf(device),
        updatedAt: at.now,
        version: { increment: 1 },
        connectivities: { create: connectivitiesOf(at.tenantId, device) },
      },
      include,
    })
    .catch(nameTaken)
}

/** Throws `device.in_use`. */
export const deleteDevice = async (tx: Tx, id: string): Promise<void> => {
  await tx.device.delete({ where: { id } }).catch((error: unknown) => {
    throw isForeignKeyViolation(error) ? new SallyportError('device.in_use') : error
  })
}

export type HostKeyPin = { fingerprint: string; algorithm: string; publicKey: Uint8Array<ArrayBuffer> }

/** Replaces the keys pinned for one port; the device must be locked. */
export const replaceHostKeys = async (
  tx: Tx,
  at: { id: string; tenantId: string; now: Date; port: number },
  pins: readonly HostKeyPin[],
): Promise<DeviceRow> => {
  const { id: deviceId, tenantId, port, now } = at
  await tx.hostKey.deleteMany({ where: { deviceId, port } })
  await tx.hostKey.createMany({
    data: pins.map(pin => ({ ...pin, tenantId, deviceId, port, pinnedAt: now })),
  })
  return tx.device.update({
    where: { id: deviceId },
    data: { version: { increment: 1 }, updatedAt: now },
    include,
  })
}

export type DeviceFilter = { search: string; tag: string; type: string; site: string }

/** A page in the order in which they were made. */
export const listDevices = (
  tx: Tx,
  tenantId: string,
  filter: DeviceFilter,
  page: { after: string | undefined; limit: number },
): Promise<DeviceRow[]> => {
  const { search, tag, type, site } = filter
  const part = { contains: escapeLike(foldName(search)) }
  return tx.device.findMany({
    where: {
      tenantId,
      ...(page.after && { id: { gt: page.after } }),
      ...(search && { OR: [{ nameKey: part }, { address: part }] }),
      ...(tag && { tags: { has: foldName(tag) } }),
      ...(type && { type }),
      ...(site && { site }),
    },
    orderBy: { id: 'asc' },
    take: page.limit,
    include,
  })
}

/** Text that stands for itself in LIKE. */
export const escapeLike = (text: string): string => text.replaceAll(/[\\%_]/g, '\\$&')

const columnsOf = ({ name, address, type, site, tags }: DeviceAttributes) => ({
  name,
  nameKey: foldName(name),
  address,
  type,
  site,
  tags,
})

const connectivitiesOf = (tenantId: string, { connectivities }: DeviceAttributes) =>
  connectivities.map(connectivity => ({ ...connectivity, tenantId }))

const nameTaken = (error: unknown): never => {
  throw isUniqueViolation(error) ? new SallyportError('device.name_taken') : error
}
