import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AuditServiceService,
  type QueryRecordsRequest,
  type Record,
} from '@sallyport/contracts/audit/v1/audit'
import { openPostgresLog } from '@sallyport/events/postgres-log'
import type { EventRecord } from '@sallyport/events/event-record'
import { type Caller, signCallerToken } from '@sallyport/identity/caller-token'
import type { KeyFinder } from '@sallyport/identity/verification-keys'
import { createServiceAuthority, type ServiceAuthority } from '@sallyport/rpc/authority'
import { openChannel, type RpcChannel } from '@sallyport/rpc/channel'
import { connectRpc, type RpcClient } from '@sallyport/rpc/client'
import { createLogger } from '@sallyport/telemetry/logger'
import { eventually } from '@sallyport/testing/eventually'
import { addSchema, type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChainKeyFile } from '../src/chain-keys.ts'
import { type RunningService, startAudit } from '../src/service.ts'
import { intake, intakes, newTenant } from './fixtures.ts'

const log = createLogger('test', 'silent')
const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
if (!('privateKey' in pair)) throw new TypeError('Ed25519 keys come in pairs')
const callerKeys: KeyFinder = async () => pair.publicKey

let db: TestDatabase
let directory: string
let authority: ServiceAuthority
let service: RunningService
let channel: RpcChannel
let client: RpcClient<AuditServiceService>

const start = async (): Promise<void> => {
  const eventLog = new URL(db.url('app'))
  eventLog.username = 'sallyport_event_log'
  service = await startAudit(
    {
      host: '127.0.0.1',
      port: 0,
      databaseUrl: db.url('app'),
      workerDatabaseUrl: db.url('worker'),
      eventLog: { kind: 'postgres', url: eventLog.href },
      chainKeyFile: join(directory, 'chain.key'),
      checkpointDirectory: join(directory, 'checkpoints'),
      accessControlAddress: '127.0.0.1:1',
      tls: await authority.issue('audit'),
      logLevel: 'silent',
    },
    { callerKeys, log },
  )
  const tls = await authority.issue('gateway')
  channel = openChannel({ service: 'audit', address: service.address, tls })
  client = connectRpc(AuditServiceService, channel)
}

const stop = async (): Promise<void> => {
  channel[Symbol.dispose]()
  await service[Symbol.asyncDispose]()
}

beforeAll(async () => {
  db = await testDatabase('audit')
  await addSchema(
    db.adminUrl,
    'event_log',
    join(import.meta.dirname, '../../../packages/events/prisma/migrations'),
  )
  directory = await mkdtemp(join(tmpdir(), 'sallyport-audit-service-'))
  await createChainKeyFile(join(directory, 'chain.key'))
  authority = await createServiceAuthority()
  await start()
})

afterAll(async () => {
  await stop()
  await db[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

const tokenOf = (
  tenantId: string,
  permissions: Caller['permissions'] = new Set(['audit.read']),
): Promise<string> =>
  signCallerToken(
    {
      tenantId,
      userId: randomUUID(),
      userName: 'auditor',
      permissions,
      loginSessionId: randomUUID(),
      kind: 'person',
      strength: 'mfa',
      sourceAddress: '192.0.2.7',
    },
    { audience: 'audit', key: { id: 'k', privateKey: pair.privateKey }, now: new Date() },
  )

const publish = async (records: readonly EventRecord[]): Promise<void> => {
  const url = new URL(db.url('app'))
  url.username = 'sallyport_event_log'
  await using driver = openPostgresLog({ connection: { connectionString: url.href }, log })
  await driver.publish(records)
}

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
  const callerToken = await tokenOf(tenantId)
  return (await client.queryRecords({ ...anything, ...over }, { callerToken })).records
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
    await publish([
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
    await publish([...intakes(tenantId, 3), intake(tenantId, 'secret.refused', wanted, 'u9')])
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
    await publish(intakes(tenantId, 25))
    await recorded(tenantId, 'secret.revealed', 25)
    const callerToken = await tokenOf(tenantId)
    const seen: bigint[] = []
    for (let cursor = ''; ; ) {
      const request = { ...anything, code: 'secret.revealed', page: { size: 10, cursor } }
      const { records, page } = await client.queryRecords(request, { callerToken })
      seen.push(...records.map(({ sequence }) => sequence))
      cursor = page?.nextCursor ?? ''
      if (cursor === '') break
    }
    expect(new Set(seen).size).toBe(25)
    expect(seen).toHaveLength(25)
  })

  it('records that the trail was read, once for each call, with what was asked for', async () => {
    const tenantId = newTenant()
    const callerToken = await tokenOf(tenantId)
    await client.queryRecords({ ...anything, actorId: 'somebody' }, { callerToken, requestId: 'call-7' })
    const records = await recorded(tenantId, 'audit.queried')
    const ours = records.filter(({ details }) => details['filters'] === 'actorId=somebody')
    expect(ours).toHaveLength(1)
    expect(ours[0]).toMatchObject({ actorName: 'auditor', service: 'audit', outcome: 'success' })
  })

  it('shows no tenant what belongs to another', async () => {
    const [tenantId, other] = [newTenant(), newTenant()]
    await publish(intakes(tenantId, 2))
    await recorded(tenantId, 'secret.revealed', 2)
    expect(await query(other, { code: 'secret.revealed' })).toEqual([])
    const callerToken = await tokenOf(other)
    const get = client.getRecord({ sequence: 2n }, { callerToken })
    await expect(get).rejects.toMatchObject({ reason: 'audit_record.not_found' })
  })

  it('refuses a user without the permission, and records that', async () => {
    const tenantId = newTenant()
    const callerToken = await tokenOf(tenantId, new Set(['device.read']))
    const attempt = client.queryRecords(anything, { callerToken })
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
    await publish(intakes(tenantId, 5))
    await recorded(tenantId, 'secret.revealed', 5)
    const callerToken = await tokenOf(tenantId)
    expect(await client.verifyChain({}, { callerToken })).toMatchObject({ intact: true, badSequence: 0n })
    await db.adminPool.query(`update audit.records set code = 'x' where tenant_id = $1 and sequence = 3`, [
      tenantId,
    ])
    expect(await client.verifyChain({}, { callerToken })).toMatchObject({
      intact: false,
      records: 2n,
      badSequence: 3n,
      problem: 'record 3 was edited',
    })
  })

  it('goes on with the chain after a restart, and signs it when it stops', async () => {
    const tenantId = newTenant()
    await publish(intakes(tenantId, 4))
    await recorded(tenantId, 'secret.revealed', 4)
    await stop()
    await publish(intakes(tenantId, 4))
    await start()
    await recorded(tenantId, 'secret.revealed', 8)
    const callerToken = await tokenOf(tenantId)
    const { checkpoints } = await client.listCheckpoints({ page: undefined }, { callerToken })
    expect(checkpoints.length).toBeGreaterThan(0)
    expect(await client.verifyChain({}, { callerToken })).toMatchObject({ intact: true })
  })

  it('hands the tenant’s trail to a subscriber, in order and without gaps', async () => {
    const tenantId = newTenant()
    await publish(intakes(tenantId, 12))
    const url = new URL(db.url('app'))
    url.username = 'sallyport_event_log'
    await using driver = openPostgresLog({ connection: { connectionString: url.href }, log })
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
