import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AccessGroupServiceService,
  type AccessGroupDefinition,
  GrantServiceService,
  RequestServiceService,
} from '@sallyport/contracts/access_control/v1/access'
import { AuthenticationServiceService } from '@sallyport/contracts/access_control/v1/authentication'
import {
  RoleServiceService,
  TenantServiceService,
  UserGroupServiceService,
  UserServiceService,
} from '@sallyport/contracts/access_control/v1/directory'
import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import { createDevelopmentKeyRing } from '@sallyport/crypto/file-key-provider'
import type { EventDriver } from '@sallyport/events/driver'
import type { EventRecord } from '@sallyport/events/event-record'
import type { ServiceName } from '@sallyport/identity/services'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { openChannel, type RpcChannel } from '@sallyport/rpc/channel'
import { connectRpc, type RpcClient } from '@sallyport/rpc/client'
import { createLogger } from '@sallyport/telemetry/logger'
import { type FakeClock, fakeClock } from '@sallyport/testing/clock'
import { eventually } from '@sallyport/testing/eventually'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import type { TargetSource } from '../src/clients/vault.ts'
import type { FirstAdministrator } from '../src/bootstrap.ts'
import type { Target } from '../src/domain/criteria.ts'
import { type AccessControlOverrides, startAccessControl } from '../src/service.ts'

export const connectAll = (channel: RpcChannel) => ({
  authentication: connectRpc(AuthenticationServiceService, channel),
  tenants: connectRpc(TenantServiceService, channel),
  users: connectRpc(UserServiceService, channel),
  roles: connectRpc(RoleServiceService, channel),
  userGroups: connectRpc(UserGroupServiceService, channel),
  accessGroups: connectRpc(AccessGroupServiceService, channel),
  requests: connectRpc(RequestServiceService, channel),
  grants: connectRpc(GrantServiceService, channel),
})

export type Clients = ReturnType<typeof connectAll>

/** The vault's inventory, as this service sees it. */
export type FakeTargets = TargetSource & { readonly list: Target[] }

export const fakeTargets = (): FakeTargets => {
  const list: Target[] = []
  return {
    list,
    get: async (_tenantId, credentialId, deviceId) =>
      list.find(target => target.credentialId === credentialId && target.deviceId === deviceId),
    find: async (_tenantId, { username, domain, device }) =>
      list.filter(
        target =>
          target.username === username &&
          (domain === '' || target.domain === domain) &&
          [target.deviceName, target.deviceAddress].includes(device),
      ),
    page: async (_tenantId, { size, cursor }) => {
      const from = cursor === '' ? 0 : Number(cursor)
      const more = from + size < list.length
      return { targets: list.slice(from, from + size), nextCursor: more ? String(from + size) : '' }
    },
  }
}

/** A driver that keeps what was published, and lets tests publish as another service. */
export const memoryDriver = (): EventDriver & { published: EventRecord[] } => {
  const published: EventRecord[] = []
  const handlers: {
    topics: readonly string[]
    handle: (records: readonly EventRecord[]) => Promise<void>
  }[] = []
  return {
    published,
    publish: async records => {
      published.push(...records)
      for (const { topics, handle } of handlers) {
        const wanted = records.filter(record => topics.includes(record.topic))
        if (wanted.length > 0) await handle(wanted)
      }
    },
    subscribe: async ({ topics, handle, signal }) => {
      handlers.push({ topics, handle })
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    },
    probe: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

export type Platform = AsyncDisposable & {
  clock: FakeClock
  targets: FakeTargets
  driver: ReturnType<typeof memoryDriver>
  database: TestDatabase
  as: (service: ServiceName) => Clients
  bootstrap: () => Promise<FirstAdministrator | undefined>
}

export const startPlatform = async (
  overrides: Pick<AccessControlOverrides, 'hasher'> = {},
): Promise<Platform> => {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await testDatabase('access_control'))
  const directory = await mkdtemp(join(tmpdir(), 'access-control-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const keyRingFile = join(directory, 'keys.json')
  await createDevelopmentKeyRing(keyRingFile)
  const authority = await createServiceAuthority()
  const clock = fakeClock()
  const targets = fakeTargets()
  const driver = memoryDriver()
  const service = stack.use(
    await startAccessControl(
      {
        host: '127.0.0.1',
        port: 0,
        databaseUrl: database.url('app'),
        workerDatabaseUrl: database.url('worker'),
        eventLog: { kind: 'postgres', url: database.url('app') },
        keyRingFile,
        vaultAddress: '127.0.0.1:1',
        loginTriesPerSource: 20,
        tls: await authority.issue('access-control'),
        logLevel: 'silent',
      },
      {
        clock,
        targets,
        driver,
        ...overrides,
        log: createLogger('access-control', process.env['TEST_LOG'] ? 'debug' : 'silent'),
      },
    ),
  )
  const clients = new Map<ServiceName, Clients>()
  for (const name of ['gateway', 'session-proxy', 'vault', 'execution', 'audit'] as const) {
    const tls = await authority.issue(name)
    const channel = openChannel({ service: 'access-control', address: service.address, tls })
    stack.defer(() => channel[Symbol.dispose]())
    clients.set(name, connectAll(channel))
  }
  return {
    clock,
    targets,
    driver,
    database,
    bootstrap: service.bootstrap,
    as: name => {
      const found = clients.get(name)
      if (!found) throw new Error(`no client for ${name}`)
      return found
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Somebody with a login, and all that a test needs to act for him. */
export type Person = {
  id: string
  tenant: string
  tenantId: string
  userName: string
  password: string
  totpSecret: Buffer
  token: string
  sessionId: string
}

export const bytes = (text: string): Buffer => Buffer.from(text)

export type Options = { callerToken: string; idempotencyKey?: string }

/** The options of a call by somebody, with a fresh caller token. */
export const by = async (platform: Platform, person: Pick<Person, 'token'>): Promise<Options> => {
  const answer = await platform.as('gateway').authentication.authenticate({
    token: person.token,
    audiences: ['access-control'],
    sourceAddress: '192.0.2.1',
  })
  return { callerToken: answer.callerTokens['access-control'] ?? '' }
}

export type LoginClient = RpcClient<typeof AuthenticationServiceService>

export const definition = (changes: Partial<AccessGroupDefinition> = {}): AccessGroupDefinition => ({
  name: 'linux',
  description: '',
  userIds: [],
  userGroupIds: [],
  criteria: undefined,
  view: undefined,
  session: { allowed: true, justification: false, approvals: 0, maxWindowSeconds: 0 },
  approverUserIds: [],
  approverGroupIds: [],
  ...changes,
})

export const target = (changes: Partial<Target> = {}): Target => ({
  credentialId: '0197a1b2-0000-7000-8000-00000000c001',
  deviceId: '0197a1b2-0000-7000-8000-00000000d001',
  username: 'root',
  domain: '',
  credentialType: 'local-admin',
  credentialTags: [],
  criticality: 'high',
  deviceName: 'web-1',
  deviceAddress: '10.0.0.1',
  deviceType: 'linux-server',
  deviceSite: '',
  deviceTags: [],
  ...changes,
})

/** The audit events with a code that were published so far, once there are enough. */
export const auditEvents = (platform: Platform, code: string, atLeast = 1): Promise<AuditEvent[]> =>
  eventually(() => {
    const events = platform.driver.published
      .filter(record => record.type === 'AuditEvent')
      .map(record => AuditEvent.decode(record.payload))
      .filter(event => event.code === code)
    return events.length >= atLeast && events
  })

export const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'done'
  } catch (thrown) {
    return thrown instanceof Error && 'reason' in thrown ? String(thrown.reason) : String(thrown)
  }
}
