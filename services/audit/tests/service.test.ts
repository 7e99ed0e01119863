import type { QueryRecordsRequest, Record } from '@sallyport/contracts/audit/v1/audit'
import { openPostgresLog } from '@sallyport/events/postgres-log'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { intake, intakes, newTenant } from './fixtures.ts'
import { log, type ServiceUnderTest, startUnderTest } from './service-under-test.ts'

let service: ServiceUnderTest
beforeAll(async () => {
  service = await startUnderTest()
})
afterAll(() => service?.[Symbol.asyncDispose]())

const anything: QueryRecordsRequest = {
  page: undefined,
  from: undefined,
  to: undefined,
  actorId: '',
  targetId: '',
  code: '',
  requestId: '',
  sessionId: '',
  outcome: '',
}

const query = async (tenantId: string, over: Partial<QueryRecordsRequest> = {}): Promise<Record[]> => {
  const callerToken = await service.tokenOf(tenantId)
  return (await service.audit.queryRecords({ ...anything, ...over }, { callerToken })).records
}

const recorded = (tenantId: string, code: string, count = 1): Promise<Record[]> =>
  eventually(async () => {
    const records = await query(tenantId, { code })
    return records.length >= count && records
  })

describe('The audit service', () => {
  it('records what services publish, and answers with it newest first', async () => {
    const tenantId = newTenant()
    const [early, late] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')]
    await service.publish([
      intake(tenantId, 'grant.issued', { at: early }),
      intake(tenantId, 'grant.issued', { at: late }),
    ])
    const records = await recorded(tenantId, 'grant.issued', 2)
    expect(records.map(({ occurredAt }) => occurredAt)).toEqual([late, early])
    expect(JSON.parse(records[0]?.ocsf ?? '')).toMatchObject({
      metadata: { event_code: 'grant.issued', sequence: 2 },
    })
  })

  it('finds by every filter', async () => {
    const tenantId = newTenant()
    const at = new Date('2026-02-02T12:00:00Z')
    const target = { kind: 'credential', id: 'c9' }
    const wanted = { at, target, requestId: 'r9', sessionId: 's9', outcome: 'failure' as const }
    await service.publish([...intakes(tenantId, 3), intake(tenantId, 'secret.refused', wanted, 'u9')])
    await recorded(tenantId, 'secret.refused')
    const filters: Partial<QueryRecordsRequest>[] = [
      { actorId: 'u9' },
      { targetId: 'c9' },
      { code: 'secret.refused' },
      { requestId: 'r9' },
      { sessionId: 's9' },
      { outcome: 'failure' },
      { from: at, to: new Date(at.getTime() + 1) },
    ]
    for (const filter of filters) {
      const found = await query(tenantId, filter)
      expect(
        found.map(({ code }) => code),
        JSON.stringify(filter),
      ).toEqual(['secret.refused'])
    }
    expect(await query(tenantId, { targetId: 'c9', actorId: 'u1' })).toEqual([])
  })

  it('pages through everything once', async () => {
    const tenantId = newTenant()
    await service.publish(intakes(tenantId, 25))
    await recorded(tenantId, 'secret.revealed', 25)
    const callerToken = await service.tokenOf(tenantId)
    const seen: bigint[] = []
    for (let cursor = ''; ; ) {
      const request = { ...anything, code: 'secret.revealed', page: { size: 10, cursor } }
      const { records, page } = await service.audit.queryRecords(request, { callerToken })
      seen.push(...records.map(({ sequence }) => sequence))
      cursor = page?.nextCursor ?? ''
      if (cursor === '') break
    }
    expect(new Set(seen).size).toBe(25)
    expect(seen).toHaveLength(25)
  })

  it('records that the trail was read, once for each call, with what was asked for', async () => {
    const tenantId = newTenant()
    const callerToken = await service.tokenOf(tenantId)
    await service.audit.queryRecords(
      { ...anything, actorId: 'somebody' },
      { callerToken, requestId: 'call-7' },
    )
    const records = await recorded(tenantId, 'audit.queried')
    const ours = records.filter(({ details }) => details['filters'] === 'actorId=somebody')
    expect(ours).toHaveLength(1)
    expect(ours[0]).toMatchObject({ actorName: 'auditor', service: 'audit', outcome: 'success' })
  })

  it('shows no tenant what belongs to another', async () => {
    const [tenantId, other] = [newTenant(), newTenant()]
    await service.publish(intakes(tenantId, 2))
    await recorded(tenantId, 'secret.revealed', 2)
    expect(await query(other, { code: 'secret.revealed' })).toEqual([])
    const callerToken = await service.tokenOf(other)
    const get = service.audit.getRecord({ sequence: 2n }, { callerToken })
    await expect(get).rejects.toMatchObject({ reason: 'audit_record.not_found' })
  })

  it('refuses a user without the permission, and records that', async () => {
    const tenantId = newTenant()
    const callerToken = await service.tokenOf(tenantId, new Set(['device.read']))
    const attempt = service.audit.queryRecords(anything, { callerToken })
    await expect(attempt).rejects.toMatchObject({ reason: 'caller.not_allowed' })
    const [refused] = await recorded(tenantId, 'call.refused')
    expect(refused?.details).toMatchObject({
      permission: 'audit.read',
      reason: 'caller.not_allowed',
      peer: 'gateway',
    })
  })

  it.each([
    ['a foreign cursor', { page: { size: 10, cursor: 'nonsense' } }],
    [
      'a cursor with another list’s keys',
      { page: { size: 10, cursor: Buffer.from('["x","y"]').toString('base64url') } },
    ],
    ['an unknown outcome', { outcome: 'maybe' }],
    ['text that no id can be', { actorId: 'a\0b' }],
    ['a huge page', { page: { size: 100_000, cursor: '' } }],
  ])('refuses %s', async (_what, over) => {
    await expect(query(newTenant(), over)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('verifies the chain on request, and says where it is broken', async () => {
    const tenantId = newTenant()
    await service.publish(intakes(tenantId, 5))
    await recorded(tenantId, 'secret.revealed', 5)
    const callerToken = await service.tokenOf(tenantId)
    expect(await service.audit.verifyChain({}, { callerToken })).toMatchObject({
      intact: true,
      badSequence: 0n,
    })
    await service.db.adminPool.query(
      `update audit.records set code = 'x' where tenant_id = $1 and sequence = 3`,
      [tenantId],
    )
    expect(await service.audit.verifyChain({}, { callerToken })).toMatchObject({
      intact: false,
      records: 2n,
      badSequence: 3n,
      problem: 'record 3 was edited',
    })
  })

  it('goes on with the chain after a restart, and signs it when it stops', async () => {
    const tenantId = newTenant()
    await service.publish(intakes(tenantId, 4))
    await recorded(tenantId, 'secret.revealed', 4)
    await service.stop()
    await service.publish(intakes(tenantId, 4))
    await service.start()
    await recorded(tenantId, 'secret.revealed', 8)
    const callerToken = await service.tokenOf(tenantId)
    const { checkpoints } = await service.audit.listCheckpoints({ page: undefined }, { callerToken })
    expect(checkpoints.length).toBeGreaterThan(0)
    expect(await service.audit.verifyChain({}, { callerToken })).toMatchObject({ intact: true })
  })

  it('hands the tenant’s trail to a subscriber, in order and without gaps', async () => {
    const tenantId = newTenant()
    await service.publish(intakes(tenantId, 12))
    await using driver = openPostgresLog({ connection: { connectionString: service.eventLogUrl }, log })
    const sequences: number[] = []
    const controller = new AbortController()
    const done = driver.subscribe({
      group: 'siem',
      topics: [`sallyport.audit.v1.${tenantId}`],
      signal: controller.signal,
      handle: async records => {
        for (const { payload } of records)
          sequences.push(JSON.parse(Buffer.from(payload).toString()).metadata.sequence)
      },
    })
    await eventually(() => sequences.length >= 12)
    controller.abort()
    await done
    expect(sequences).toEqual(Array.from({ length: 12 }, (_, index) => index + 1))
  })
})
