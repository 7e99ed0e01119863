import { isForeignKeyViolation, isUniqueViolation } from '@sallyport/database/failure'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { CredentialAttributes } from '../domain/credential.ts'
import { foldName } from '@sallyport/names/fold-name'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Tx } from './database.ts'
import { escapeLike } from './devices.ts'

const include = {
  devices: { select: { deviceId: true }, orderBy: { deviceId: 'asc' } },
} as const satisfies Prisma.CredentialInclude

export type CredentialRow = Prisma.CredentialGetPayload<{ include: typeof include }>

/** Throws `credential.not_found`. */
export const getCredential = async (tx: Tx, tenantId: string, id: string): Promise<CredentialRow> => {
  const credential = await tx.credential.findFirst({ where: { tenantId, id }, include })
  if (credential === null) throw new SallyportError('credential.not_found')
  return credential
}

/** Reads a locked credential that is about to change. Throws `credential.not_found` or `version.conflict`. */
export const getCredentialAt = async (
  tx: Tx,
  tenantId: string,
  id: string,
  version: number,
): Promise<CredentialRow> => {
  const credential = await getCredential(tx, tenantId, id)
  if (credential.version !== version) throw new SallyportError('version.conflict')
  return credential
}

type At = { id: string; tenantId: string; now: Date }

/** Throws `device.not_found`, `credential.not_found` (parent), `strength_profile.not_found` or `credential.duplicate`. */
export const insertCredential = async (tx: Tx, at: At, attributes: CredentialAttributes): Promise<void> => {
  const { id, tenantId, now } = at
  await checkReferences(tx, tenantId, id, attributes)
  await tx.credential.create({
    data: { id, tenantId, ...columnsOf(attributes), createdAt: now, updatedAt: now },
  })
  await linkDevices(tx, at, attributes)
}

/** The same, for a locked credential. */
export const updateCredential = async (tx: Tx, at: At, attributes: CredentialAttributes): Promise<void> => {
  const { id, tenantId, now } = at
  await checkReferences(tx, tenantId, id, attributes)
  await tx.credential.update({
    where: { id },
    data: { ...columnsOf(attributes), updatedAt: now, version: { increment: 1 } },
  })
  await tx.credentialDevice.deleteMany({ where: { credentialId: id } })
  await linkDevices(tx, at, attributes)
}

/** Throws `credential.has_children`. */
export const deleteCredential = async (tx: Tx, id: string): Promise<void> => {
  await tx.credential.delete({ where: { id } }).catch((error: unknown) => {
    throw isForeignKeyViolation(error) ? new SallyportError('credential.has_children') : error
  })
}

/** A change of a locked credential's secret is a change of the credential. */
export const raiseVersion = async (tx: Tx, at: At): Promise<void> => {
  await tx.credential.update({ where: { id: at.id }, data: { version: { increment: 1 }, updatedAt: at.now } })
}

export type CredentialFilter = { search: string; deviceId: string | undefined; tag: string; type: string }

/** A page in the order in which they were made. */
export const listCredentials = (
  tx: Tx,
  tenantId: string,
  filter: CredentialFilter,
  page: { after: string | undefined; limit: number },
): Promise<CredentialRow[]> => {
  const { search, deviceId, tag, type } = filter
  const part = { contains: escapeLike(search), mode: 'insensitive' } as const
  const deviceNamed = { some: { device: { nameKey: { contains: escapeLike(foldName(search)) } } } }
  return tx.credential.findMany({
    where: {
      tenantId,
      ...(page.after && { id: { gt: page.after } }),
      ...(search && { OR: [{ username: part }, { domain: part }, { devices: deviceNamed }] }),
      ...(deviceId && { devices: { some: { deviceId } } }),
      ...(tag && { tags: { has: foldName(tag) } }),
      ...(type && { type }),
    },
    orderBy: { id: 'asc' },
    take: page.limit,
    include,
  })
}

// The database would refuse these too, but by naming another tenant's row where there seems to be none.
const checkReferences = async (
  tx: Tx,
  tenantId: string,
  id: string,
  attributes: CredentialAttributes,
): Promise<void> => {
  const { deviceIds, parentCredentialId, strengthProfileId } = attributes
  const found = await sqlOf(tx).query<{ id: string }>(
    'select id from devices where tenant_id = $1::uuid and id = any($2::uuid[]) for share',
    [tenantId, deviceIds],
  )
  if (found.length !== deviceIds.length) throw new SallyportError('device.not_found')
  if (parentCredentialId !== undefined) await checkParent(tx, tenantId, id, parentCredentialId)
  if (strengthProfileId === undefined) return
  const profiles = await tx.strengthProfile.count({ where: { tenantId, id: strengthProfileId } })
  if (profiles === 0) throw new SallyportError('strength_profile.not_found')
}

/** A parent has no parent itself, so that there can be no circle. */
const checkParent = async (tx: Tx, tenantId: string, id: string, parentId: string): Promise<void> => {
  const parent = await tx.credential.findFirst({ where: { tenantId, id: parentId } })
  if (parent === null) throw new SallyportError('credential.not_found', 'There is no such parent credential')
  const children = await tx.credential.count({ where: { tenantId, parentCredentialId: id } })
  if (parentId === id || parent.parentCredentialId !== null || children > 0)
    throw new SallyportError('request.invalid', 'a parent credential must not have a parent itself')
}

const linkDevices = async (tx: Tx, { id, tenantId }: At, attributes: CredentialAttributes): Promise<void> => {
  const { username, domain, secretKind, deviceIds } = attributes
  const account = { tenantId, credentialId: id, username, domain, secretKind }
  await tx.credentialDevice
    .createMany({ data: deviceIds.map(deviceId => ({ ...account, deviceId })) })
    .catch((error: unknown) => {
      throw isUniqueViolation(error) ? new SallyportError('credential.duplicate') : error
    })
}

const columnsOf = (attributes: CredentialAttributes) => ({
  username: attributes.username,
  domain: attributes.domain,
  type: attributes.type,
  secretKind: attributes.secretKind,
  tags: attributes.tags,
  criticality: attributes.criticality,
  notes: attributes.notes,
  ownerUserId: attributes.ownerUserId ?? null,
  parentCredentialId: attributes.parentCredentialId ?? null,
  strengthProfileId: attributes.strengthProfileId ?? null,
  exclusiveCustody: attributes.exclusiveCustody,
})
