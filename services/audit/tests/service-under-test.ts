import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditServiceService } from '@sallyport/contracts/audit/v1/audit'
import { ForwardingServiceService } from '@sallyport/contracts/audit/v1/forwarding'
import { laptopRules } from '@sallyport/egress/rules'
import type { EventRecord } from '@sallyport/events/event-record'
import { openPostgresLog } from '@sallyport/events/postgres-log'
import { type Caller, signCallerToken } from '@sallyport/identity/caller-token'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { openChannel, type RpcChannel } from '@sallyport/rpc/channel'
import { connectRpc, type RpcClient } from '@sallyport/rpc/client'
import { createLogger } from '@sallyport/telemetry/logger'
import { addSchema, type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { createChainKeyFile } from '../src/chain-keys.ts'
import { type RunningService, startAudit } from '../src/service.ts'

export const log = createLogger('test', 'silent')

/** The service as it runs, on a database of its own, and the gateway's way to it. */
export type ServiceUnderTest = AsyncDisposable & {
  readonly db: TestDatabase
  readonly eventLogUrl: string
  readonly audit: RpcClient<AuditServiceService>
  readonly forwarding: RpcClient<ForwardingServiceService>
  /** A token of somebody in the tenant; an auditor unless told. */
  readonly tokenOf: (tenantId: string, permissions?: Caller['permissions']) => Promise<string>
  /** Says something as another service does. */
  readonly publish: (records: readonly EventRecord[]) => Promise<void>
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
}

export const startUnderTest = async (): Promise<ServiceUnderTest> => {
  const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new TypeError('Ed25519 keys come in pairs')
  const db = await testDatabase('audit')
  const migrations = join(import.meta.dirname, '../../../packages/events/prisma/migrations')
  await addSchema(db.adminUrl, 'event_log', migrations)
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-audit-service-'))
  await createChainKeyFile(join(directory, 'chain.key'))
  const authority = await createServiceAuthority()
  const eventLog = new URL(db.url('app'))
  eventLog.username = 'sallyport_event_log'
  let running: { readonly service: RunningService; readonly channel: RpcChannel } | undefined

  const start = async (): Promise<void> => {
    const service = await startAudit(
      {
        host: '127.0.0.1',
        port: 0,
        databaseUrl: db.url('app'),
        workerDatabaseUrl: db.url('worker'),
        eventLog: { kind: 'postgres', url: eventLog.href },
        chainKeyFile: join(directory, 'chain.key'),
        checkpointDirectory: join(directory, 'checkpoints'),
        accessControlAddress: '127.0.0.1:1',
        egress: laptopRules,
        tls: await authority.issue('audit'),
        logLevel: 'silent',
      },
      { callerKeys: async () => pair.publicKey, log },
    )
    const tls = await authority.issue('gateway')
    running = { service, channel: openChannel({ service: 'audit', address: service.address, tls }) }
  }
  const stop = async (): Promise<void> => {
    running?.channel[Symbol.dispose]()
    await running?.service[Symbol.asyncDispose]()
    running = undefined
  }
  const channel = (): RpcChannel => {
    if (!running) throw new Error('The service does not run')
    return running.channel
  }
  await start()
  return {
    db,
    eventLogUrl: eventLog.href,
    get audit() {
      return connectRpc(AuditServiceService, channel())
    },
    get forwarding() {
      return connectRpc(ForwardingServiceService, channel())
    },
    tokenOf: (tenantId, permissions = new Set(['audit.read'])) =>
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
      ),
    publish: async records => {
      await using driver = openPostgresLog({ connection: { connectionString: eventLog.href }, log })
      await driver.publish(records)
    },
    stop,
    start,
    [Symbol.asyncDispose]: async () => {
      await stop()
      await db[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
