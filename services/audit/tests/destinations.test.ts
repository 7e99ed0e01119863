import { DestinationFormat, type DestinationSettings } from '@sallyport/contracts/audit/v1/forwarding'
import { createServerCertificate } from '@sallyport/testing/server-certificate'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { intakes, newTenant } from './fixtures.ts'
import { startReceiver } from './receivers.ts'
import { type ServiceUnderTest, startUnderTest } from './service-under-test.ts'

let service: ServiceUnderTest
beforeAll(async () => {
  service = await startUnderTest()
})
afterAll(() => service?.[Symbol.asyncDispose]())

let tenantId: string
beforeEach(() => {
  tenantId = newTenant()
})

const settings: DestinationSettings = {
  name: 'SIEM',
  host: '127.0.0.1',
  port: 9,
  format: DestinationFormat.CEF,
  authority: '',
  disabled: true,
}

const as = async (tenant = tenantId) => ({
  callerToken: await service.tokenOf(tenant, new Set(['audit.read', 'audit-destination.manage'])),
})

const create = async (over: Partial<DestinationSettings> = {}, from = 0n, options: object = {}) => {
  const request = { settings: { ...settings, ...over }, from }
  const { destination } = await service.forwarding.createDestination(request, { ...(await as()), ...options })
  if (!destination) throw new Error('no destination')
  return destination
}

/** The codes of what was said of destinations, the oldest first. */
const told = (count: number): Promise<string[]> =>
  eventually(async () => {
    const { rows } = await service.db.adminPool.query<{ code: string }>(
      `select code from audit.records where tenant_id = $1 and code like 'audit_destination.%' order by sequence`,
      [tenantId],
    )
    return rows.length >= count && rows.map(({ code }) => code)
  })

describe('A receiver of the trail', () => {
  it('is added, read, changed and removed, and the trail says so', async () => {
    const made = await create()
    expect(made).toMatchObject({ settings, position: 0n, head: 0n, failure: '', version: 1 })
    const changed = { ...settings, name: 'SOC', format: DestinationFormat.OCSF_LINES }
    const request = { id: made.id, version: 1, settings: changed }
    const { destination } = await service.forwarding.updateDestination(request, await as())
    expect(destination).toMatchObject({ settings: changed, version: 2 })
    const read = await service.forwarding.getDestination({ id: made.id }, await as())
    expect(read.destination?.settings).toEqual(changed)
    await service.forwarding.deleteDestination({ id: made.id, version: 2 }, await as())
    const gone = service.forwarding.getDestination({ id: made.id }, await as())
    await expect(gone).rejects.toMatchObject({ reason: 'audit_destination.not_found' })
    expect(await told(3)).toEqual([
      'audit_destination.created',
      'audit_destination.updated',
      'audit_destination.deleted',
    ])
  })

  it('gets what comes from now on, or from a record on', async () => {
    await service.publish(intakes(tenantId, 5))
    await eventually(async () => {
      const { rows } = await service.db.adminPool.query(
        'select from audit.heads where tenant_id = $1 and sequence = 5',
        [tenantId],
      )
      return rows.length === 1
    })
    expect(await create()).toMatchObject({ position: 5n, head: 5n })
    expect(await create({ name: 'all' }, 1n)).toMatchObject({ position: 0n })
    await expect(create({ name: 'none' }, 2_000n)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('is changed by one of two who read the same version', async () => {
    const { id } = await create()
    const request = { id, version: 1, settings }
    await service.forwarding.updateDestination(request, await as())
    const late = { reason: 'version.conflict' }
    await expect(service.forwarding.updateDestination(request, await as())).rejects.toMatchObject(late)
    await expect(service.forwarding.deleteDestination({ id, version: 1 }, await as())).rejects.toMatchObject(
      late,
    )
    await expect(
      service.forwarding.replayDestination({ id, version: 1, from: 1n }, await as()),
    ).rejects.toMatchObject(late)
  })

  it('is sent again from a record on, which the trail says', async () => {
    await using receiver = await startReceiver()
    await service.publish(intakes(tenantId, 3))
    const { port, authority } = receiver
    const { id } = await create({ port, authority, disabled: false }, 1n)
    const caughtUp = async () => {
      const { destination } = await service.forwarding.getDestination({ id }, await as())
      return destination && destination.position === destination.head && destination.head > 3n && destination
    }
    const { version } = await eventually(caughtUp)
    const { destination } = await service.forwarding.replayDestination({ id, version, from: 1n }, await as())
    expect(destination).toMatchObject({ position: 0n })
    await eventually(caughtUp)
    expect(await told(2)).toEqual(['audit_destination.created', 'audit_destination.replayed'])
  })

  it('has a name of its own in its tenant, whatever its case', async () => {
    await create()
    await expect(create({ name: 'siem' })).rejects.toMatchObject({ reason: 'audit_destination.name_taken' })
  })

  it('is made once for an idempotency key', async () => {
    const options = { ...(await as()), idempotencyKey: 'once' }
    const first = await create({}, 0n, options)
    expect(await create({}, 0n, options)).toEqual(first)
  })

  it('is one of at most 20, also when many are added at once', async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 25 }, (_, index) => create({ name: `SIEM ${index}` })),
    )
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(20)
    await expect(create()).rejects.toMatchObject({ reason: 'audit_destination.too_many' })
  })

  it('is listed in pages', async () => {
    const made: string[] = []
    for (let index = 0; index < 5; index += 1) made.push((await create({ name: `SIEM ${index}` })).id)
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const answer = await service.forwarding.listDestinations({ page: { size: 2, cursor } }, await as())
      seen.push(...answer.destinations.map(({ id }) => id))
      cursor = answer.page?.nextCursor ?? ''
      if (cursor === '') break
    }
    expect(seen).toEqual(made)
  })

  it('of one tenant is not there for another', async () => {
    const { id } = await create()
    const other = await as(newTenant())
    const missing = { reason: 'audit_destination.not_found' }
    await expect(service.forwarding.getDestination({ id }, other)).rejects.toMatchObject(missing)
    await expect(
      service.forwarding.updateDestination({ id, version: 1, settings }, other),
    ).rejects.toMatchObject(missing)
    await expect(service.forwarding.deleteDestination({ id, version: 1 }, other)).rejects.toMatchObject(
      missing,
    )
    await expect(
      service.forwarding.replayDestination({ id, version: 1, from: 1n }, other),
    ).rejects.toMatchObject(missing)
    expect((await service.forwarding.listDestinations({ page: undefined }, other)).destinations).toEqual([])
  })

  it('is seen by whoever may read the trail, and changed by nobody else than who may', async () => {
    const { id } = await create()
    const reader = { callerToken: await service.tokenOf(tenantId) }
    expect((await service.forwarding.getDestination({ id }, reader)).destination?.id).toBe(id)
    const refused = { reason: 'caller.not_allowed' }
    await expect(service.forwarding.createDestination({ settings, from: 0n }, reader)).rejects.toMatchObject(
      refused,
    )
    await expect(service.forwarding.deleteDestination({ id, version: 1 }, reader)).rejects.toMatchObject(
      refused,
    )
  })

  it.each([
    ['an empty name', { name: '' }],
    ['a name that hides what it is', { name: 'SI\u202eEM' }],
    ['a host with a path', { host: 'siem.example/x' }],
    ['a host with a port', { host: '127.0.0.1:514' }],
    ['no host', { host: '' }],
    ['an endless host', { host: `${'a'.repeat(64)}.example` }],
    ['port 0', { port: 0 }],
    ['no format', { format: DestinationFormat.UNSPECIFIED }],
    ['text for an authority', { authority: 'trust me' }],
    ['a broken certificate', { authority: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }],
  ])('is refused with %s', async (_what, over) => {
    await expect(create(over)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('may be trusted by several authorities', async () => {
    const two = await Promise.all([createServerCertificate(), createServerCertificate()])
    const authority = two.map(({ certificate }) => certificate).join('\n')
    expect(await create({ authority })).toMatchObject({ settings: { authority } })
  })
})
