import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import {
  type Credential,
  CredentialServiceService,
  Criticality,
  type Device,
  DeviceServiceService,
  SecretKind,
  StrengthProfileServiceService,
  TargetServiceService,
} from '@sallyport/contracts/vault/v1/inventory'
import {
  CustodyServiceService,
  KeyServiceService,
  RotationServiceService,
  SecretServiceService,
} from '@sallyport/contracts/vault/v1/secrets'
import { createDevelopmentKeyRing, openFileKeyProvider } from '@sallyport/crypto/file-key-provider'
import type { RootKeyProvider, RootKeyRotator } from '@sallyport/crypto/key-provider'
import { type Caller, signCallerToken } from '@sallyport/identity/caller-token'
import { type GrantClaims, signGrant } from '@sallyport/identity/grant'
import { permissions } from '@sallyport/identity/permissions'
import type { ServiceName } from '@sallyport/identity/services'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { openChannel } from '@sallyport/rpc/channel'
import { connectRpc, type RequestOptions, type RpcClient } from '@sallyport/rpc/client'
import { createLogger } from '@sallyport/telemetry/logger'
import { testDatabase, type TestDatabase } from '@sallyport/testing/postgres'
import { expect } from 'vitest'
import type { VaultConfig } from '../src/config.ts'
import { type RunningService, startVault, type VaultOverrides } from '../src/service.ts'
import { type FakeAccessControl, type FakeDriver, fakeAccessControl, fakeDriver, makeKey } from './fakes.ts'

/** A client of every service of vault, as one service of the platform. */
export type Clients = {
  devices: RpcClient<typeof DeviceServiceService>
  credentials: RpcClient<typeof CredentialServiceService>
  profiles: RpcClient<typeof StrengthProfileServiceService>
  targets: RpcClient<typeof TargetServiceService>
  secrets: RpcClient<typeof SecretServiceService>
  rotations: RpcClient<typeof RotationServiceService>
  custodies: RpcClient<typeof CustodyServiceService>
  keys: RpcClient<typeof KeyServiceService>
}

export type VaultUnderTest = AsyncDisposable & {
  readonly database: TestDatabase
  readonly accessControl: FakeAccessControl
  readonly driver: FakeDriver
  readonly rootKeys: RootKeyProvider & RootKeyRotator
  readonly as: (service: ServiceName) => Clients
  /** Stops the service and starts it anew on the same data. */
  readonly restart: (overrides?: VaultOverrides) => Promise<void>
  /** Starts a second one on the same data, as another replica with its own configuration. */
  readonly startAnother: (changes: Partial<VaultConfig>) => Promise<RunningService>
  readonly token: (caller: Caller) => Promise<RequestOptions>
  readonly grant: (target: GrantTarget, changes?: Partial<GrantClaims>) => Promise<Grant>
  /** The audit events that wait in the outbox or were published, oldest first. */
  readonly audit: (code?: string) => Promise<AuditEvent[]>
}

export type GrantTarget = { caller: Caller; credential: Credential; device: Device }
export type Grant = { statement: string; claims: GrantClaims }

/** A user who may do everything; secrets take a grant all the same. */
export const newUser = (tenantId: string = randomUUID(), userName = 'alice'): Caller => ({
  tenantId,
  userId: randomUUID(),
  userName,
  // Object.keys gives strings; these are the catalogue's own.
  permissions: new Set(Object.keys(permissions) as (keyof typeof permissions)[]),
  loginSessionId: randomUUID(),
  kind: 'person',
  strength: 'mfa',
  sourceAddress: '127.0.0.1',
})

export const startVaultUnderTest = async (overrides: VaultOverrides = {}): Promise<VaultUnderTest> => {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await testDatabase('vault'))
  const directory = await mkdtemp(join(tmpdir(), 'vault-test-'))
  stack.defer(() => rm(directory, { recursive: true }))
  const rootKeyFile = join(directory, 'root-keys.json')
  await createDevelopmentKeyRing(rootKeyFile)
  const rootKeys = await openFileKeyProvider(rootKeyFile)
  const [callerKey, grantKey] = [await makeKey('caller-1'), await makeKey('grant-1')]
  const [accessControl, driver] = [fakeAccessControl(callerKey, grantKey), fakeDriver()]
  const authority = await createServiceAuthority()
  const identities = new Map(
    await Promise.all(
      (['vault', 'gateway', 'session-proxy', 'execution', 'access-control', 'audit'] as const).map(
        async service => [service, await authority.issue(service)] as const,
      ),
    ),
  )
  const identityOf = (service: ServiceName) => {
    const identity = identities.get(service)
    if (identity === undefined) throw new Error(`no certificate for ${service}`)
    return identity
  }
  const config = {
    host: '127.0.0.1',
    port: 0,
    accessControlAddress: '127.0.0.1:1',
    tls: identityOf('vault'),
    databaseUrl: database.url('app'),
    workerDatabaseUrl: database.url('worker'),
    eventLog: { kind: 'postgres', url: '' },
    rootKeyFile,
    ticketSeconds: 30,
    showSeconds: 30,
    logLevel: 'silent',
  } as const
  const start = (more: VaultOverrides = {}): Promise<RunningService> =>
    startVault(config, {
      accessControl,
      driver,
      rootKeys,
      log: createLogger('vault', 'silent'),
      ...overrides,
      ...more,
    })
  let running = await start()
  let clients = new Map<ServiceName, Clients>()
  let channels = new DisposableStack()
  stack.defer(async () => {
    channels.dispose()
    await running[Symbol.asyncDispose]()
  })

  const connect = (service: ServiceName): Clients => {
    const tls = identityOf(service)
    const channel = channels.use(openChannel({ service: 'vault', address: running.address, tls }))
    return {
      devices: connectRpc(DeviceServiceService, channel),
      credentials: connectRpc(CredentialServiceService, channel),
      profiles: connectRpc(StrengthProfileServiceService, channel),
      targets: connectRpc(TargetServiceService, channel),
      secrets: connectRpc(SecretServiceService, channel),
      rotations: connectRpc(RotationServiceService, channel),
      custodies: connectRpc(CustodyServiceService, channel),
      keys: connectRpc(KeyServiceService, channel),
    }
  }
  const now = overrides.now ?? (() => new Date())

  return {
    database,
    accessControl,
    driver,
    rootKeys,
    as: service => {
      const known = clients.get(service) ?? connect(service)
      clients.set(service, known)
      return known
    },
    restart: async more => {
      channels.dispose()
      await running[Symbol.asyncDispose]()
      running = await start(more)
      clients = new Map()
      channels = new DisposableStack()
    },
    startAnother: changes =>
      startVault({ ...config, ...changes }, { accessControl, driver, log: createLogger('vault', 'silent') }),
    token: async caller => ({
      callerToken: await signCallerToken(caller, { audience: 'vault', key: callerKey.signing, now: now() }),
    }),
    grant: async ({ caller, credential, device }, changes = {}) => {
      const issued = now()
      const claims: GrantClaims = {
        grantId: randomUUID(),
        tenantId: caller.tenantId,
        subject: { kind: 'user', id: caller.userId, name: caller.userName },
        credentialId: credential.id,
        deviceId: device.id,
        action: 'view',
        requestId: randomUUID(),
        loginSessionId: caller.loginSessionId,
        notBefore: issued,
        expiresAt: new Date(issued.getTime() + 60_000),
        endsAt: new Date(issued.getTime() + 3_600_000),
        nonce: randomBytes(16).toString('base64url'),
        ...changes,
      }
      return { statement: await signGrant(claims, grantKey.signing), claims }
    },
    audit: async code => {
      const waiting = await database.adminPool.query<{ payload: Buffer }>(
        "select payload from vault.outbox where type = 'AuditEvent' order by position",
      )
      const published = driver.published
        .filter(({ type }) => type === 'AuditEvent')
        .map(({ payload }) => payload)
      const payloads = [...published, ...waiting.rows.map(({ payload }) => payload)]
      const byId = new Map(
        payloads.map(payload => AuditEvent.decode(payload)).map(event => [event.id, event]),
      )
      return [...byId.values()].filter(event => code === undefined || event.code === code)
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

let serial = 0

/** A host key in SSH wire format that nobody has. */
export const someHostKey = (): Buffer =>
  Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'), randomBytes(32)])

export const makeDevice = async (vault: VaultUnderTest, caller: Caller, pinned = true): Promise<Device> => {
  serial += 1
  const { devices } = vault.as('gateway')
  const options = await vault.token(caller)
  const created = await devices.createDevice(
    {
      name: `web-${serial}`,
      address: '127.0.0.1',
      type: 'linux-server',
      site: '',
      tags: ['prod'],
      connectivities: [{ protocol: 'ssh', port: 22 }],
    },
    options,
  )
  const device = present(created.device)
  if (!pinned) return device
  const pin = { id: device.id, version: device.version, port: 22, publicKeys: [someHostKey()] }
  return present((await devices.pinHostKeys(pin, options)).device)
}

type CredentialChanges = {
  username?: string
  secret?: string
  exclusiveCustody?: boolean
  strengthProfileId?: string
  secretKind?: Credential['secretKind']
}

export const makeCredential = async (
  vault: VaultUnderTest,
  caller: Caller,
  device: Device,
  changes: CredentialChanges = {},
): Promise<Credential> => {
  serial += 1
  const { secret = 'first-secret', ...others } = changes
  const request = {
    username: `root-${serial}`,
    domain: '',
    type: 'local-admin',
    secretKind: SecretKind.PASSWORD,
    deviceIds: [device.id],
    tags: [],
    criticality: Criticality.HIGH,
    notes: '',
    ownerUserId: '',
    parentCredentialId: '',
    strengthProfileId: '',
    exclusiveCustody: false,
    ...others,
    secret: Buffer.from(secret),
  }
  const { credential } = await vault
    .as('gateway')
    .credentials.createCredential(request, await vault.token(caller))
  return present(credential)
}

/** A tenant with a user, a device and a credential of its own. */
export const makeTarget = async (
  vault: VaultUnderTest,
  changes: CredentialChanges = {},
): Promise<GrantTarget> => {
  const caller = newUser()
  const device = await makeDevice(vault, caller)
  return { caller, device, credential: await makeCredential(vault, caller, device, changes) }
}

export const present = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is none')
  return value
}

export const reason = (name: string): unknown => expect.objectContaining({ reason: name })
