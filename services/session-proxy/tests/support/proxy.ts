import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { laptopRules } from '@sallyport/egress/rules'
import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import { SessionServiceService } from '@sallyport/contracts/session_proxy/v1/sessions'
import { createDevelopmentKeyRing } from '@sallyport/crypto/file-key-provider'
import type { EventDriver } from '@sallyport/events/driver'
import type { EventRecord } from '@sallyport/events/event-record'
import { type Caller, signCallerToken } from '@sallyport/identity/caller-token'
import type { Permission } from '@sallyport/identity/permissions'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { openChannel } from '@sallyport/rpc/channel'
import { connectRpc, type RequestOptions, type RpcClient } from '@sallyport/rpc/client'
import { createLogger } from '@sallyport/telemetry/logger'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { generateKeyPair } from 'jose'
import { defaultSshLimits, defaultSshRekey, type SessionProxyConfig } from '../../src/config.ts'
import { type RunningSessionProxy, startSessionProxy } from '../../src/service.ts'
import {
  type FakeAccess,
  type FakeRevocations,
  fakeAccess,
  fakeAuthentication,
  fakeRevocations,
  fakeVault,
  type TargetFacts,
  OPERATOR_TENANT_ID,
  TENANT_ID,
  USER_ID,
} from './fakes.ts'

export type Proxy = AsyncDisposable & {
  readonly sshPort: () => number
  readonly client: () => RpcClient<typeof SessionServiceService>
  readonly database: TestDatabase
  readonly access: FakeAccess
  readonly revocations: FakeRevocations
  readonly config: SessionProxyConfig
  readonly as: (who: {
    userId?: string
    tenantId?: string
    permissions?: Permission[]
  }) => Promise<RequestOptions>
  /** Stops the service, does something to its data, and starts it anew. */
  readonly restart: (meanwhile?: () => Promise<void>) => Promise<void>
  /** Lets the next runs of the service wait so long for its sessions when they stop. */
  readonly drainFor: (seconds: number) => void
  /** Starts another replica on the same database and recordings. */
  readonly replica: (
    instance: string,
  ) => Promise<AsyncDisposable & { readonly client: RpcClient<typeof SessionServiceService> }>
  readonly published: EventRecord[]
  readonly audited: (code: string) => AuditEvent[]
}

/** The real service on loopback, with PostgreSQL and mTLS; access-control and vault are faked at their clients. */
export const startProxy = async (facts: () => TargetFacts): Promise<Proxy> => {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await testDatabase('session_proxy'))
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-proxy-'))
  stack.defer(() => rm(folder, { recursive: true }))
  await createDevelopmentKeyRing(join(folder, 'recording-keys.json'))
  const authority = await createServiceAuthority()
  const gateway = await authority.issue('gateway')
  const signing = await generateKeyPair('EdDSA', { crv: 'Ed25519' })
  const published: EventRecord[] = []
  const driver: EventDriver = {
    publish: async records => void published.push(...records),
    subscribe: async () => undefined,
    probe: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
  const [access, revocations] = [fakeAccess(), fakeRevocations()]
  const upstreams = {
    access,
    revocations,
    authentication: fakeAuthentication(),
    vault: fakeVault(facts),
    keys: async () => signing.publicKey,
    operatorTenant: async () => OPERATOR_TENANT_ID,
  }
  const config: SessionProxyConfig = {
    host: '127.0.0.1',
    port: 0,
    sshHost: '127.0.0.1',
    sshPort: 0,
    sshLimits: defaultSshLimits,
    maxChannelsPerConnection: 10,
    drainSeconds: 0,
    sshRekey: defaultSshRekey,
    egress: laptopRules,
    sshHostKeyFile: join(folder, 'ssh', 'host_key'),
    recordingDirectory: join(folder, 'recordings'),
    recordingKeyFile: join(folder, 'recording-keys.json'),
    instance: 'node-1',
    requireNativeAddon: false,
    databaseUrl: database.url('app'),
    workerDatabaseUrl: database.url('worker'),
    eventLog: { kind: 'postgres', url: '' },
    accessControlAddress: '127.0.0.1:1',
    vaultAddress: '127.0.0.1:1',
    tls: await authority.issue('session-proxy'),
    logLevel: 'silent',
  }
  let drainSeconds = config.drainSeconds
  const start = (): Promise<RunningSessionProxy> =>
    startSessionProxy(
      { ...config, drainSeconds },
      { upstreams, driver, log: createLogger('session-proxy', 'silent') },
    )
  let running = await start()
  const connect = () => openChannel({ service: 'session-proxy', address: running.address, tls: gateway })
  let channel = connect()
  stack.defer(async () => {
    channel[Symbol.dispose]()
    await running[Symbol.asyncDispose]()
  })
  return {
    sshPort: () => Number(running.sshAddress.split(':').at(-1)),
    client: () => connectRpc(SessionServiceService, channel),
    database,
    access,
    revocations,
    config,
    published,
    as: async ({ userId = USER_ID, tenantId = TENANT_ID, permissions = [] }) => {
      const caller: Caller = {
        tenantId,
        userId,
        userName: 'somebody',
        permissions: new Set(permissions),
        loginSessionId: randomUUID(),
        kind: 'person',
        strength: 'mfa',
        sourceAddress: '127.0.0.1',
      }
      const key = { id: 'caller-1', privateKey: signing.privateKey }
      return {
        callerToken: await signCallerToken(caller, { audience: 'session-proxy', key, now: new Date() }),
      }
    },
    replica: async instance => {
      await using opened = new AsyncDisposableStack()
      const other = opened.use(
        await startSessionProxy(
          { ...config, instance },
          {
            upstreams: { ...upstreams, revocations: fakeRevocations() },
            driver,
            log: createLogger('session-proxy', 'silent'),
          },
        ),
      )
      const toOther = opened.use(
        openChannel({ service: 'session-proxy', address: other.address, tls: gateway }),
      )
      const owned = opened.move()
      return {
        client: connectRpc(SessionServiceService, toOther),
        [Symbol.asyncDispose]: () => owned.disposeAsync(),
      }
    },
    drainFor: seconds => {
      drainSeconds = seconds
    },
    restart: async (meanwhile = async () => undefined) => {
      channel[Symbol.dispose]()
      await running[Symbol.asyncDispose]()
      await meanwhile()
      running = await start()
      channel = connect()
    },
    audited: code =>
      published
        .filter(({ type }) => type === 'AuditEvent')
        .map(({ payload }) => AuditEvent.decode(payload))
        .filter(event => event.code === code),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
