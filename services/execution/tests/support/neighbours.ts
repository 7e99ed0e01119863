import { randomUUID, webcrypto } from 'node:crypto'
import { join } from 'node:path'
import { laptopRules } from '@sallyport/egress/rules'
import { GrantServiceService } from '@sallyport/contracts/access_control/v1/access'
import {
  DeviceServiceService,
  SecretKind,
  TargetServiceService,
} from '@sallyport/contracts/vault/v1/inventory'
import { BeginRotationResponse, RotationServiceService } from '@sallyport/contracts/vault/v1/secrets'
import { SallyportError } from '@sallyport/errors/error'
import type { Permission } from '@sallyport/identity/permissions'
import type { ServiceName } from '@sallyport/identity/services'
import type { KeyFinder } from '@sallyport/identity/verification-keys'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import type { ServiceDefinition } from '@sallyport/rpc/definition'
import { type Binding, bind, type Handlers } from '@sallyport/rpc/handlers'
import type { MethodTable } from '@sallyport/rpc/methods'
import { serveRpc } from '@sallyport/rpc/server'
import { createLogger } from '@sallyport/telemetry/logger'
import { addSchema, testDatabase } from '@sallyport/testing/postgres'
import { defaultWorker, type ExecutionConfig } from '../../src/config.ts'
import type { FakeVault } from './fake-vault.ts'

const log = createLogger('test', 'silent')
const clock = { now: () => new Date() }
const eventLogMigrations = join(import.meta.dirname, '../../../../packages/events/prisma/migrations')

/** What the service needs around it: a database, and vault and access-control played by servers over mTLS. */
export const startNeighbours = async (vault: FakeVault) => {
  await using opened = new AsyncDisposableStack()
  const db = opened.use(await testDatabase('execution'))
  await addSchema(db.adminUrl, 'event_log', eventLogMigrations)
  const authority = await createServiceAuthority()
  const pair = await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new Error('no key pair')
  const keys: KeyFinder = async () => pair.publicKey
  const devices = new Map<string, { tenantId: string; address: string }>()
  const targets = new Map<string, string>()

  const serve = async (service: ServiceName, bindings: Parameters<typeof serveRpc>[0]['bindings']) =>
    opened.use(
      await serveRpc({
        service,
        host: '127.0.0.1',
        port: 0,
        keys,
        clock,
        log,
        bindings,
        tls: await authority.issue(service),
      }),
    )
  const accessControl = await serve('access-control', [
    played(GrantServiceService, {
      issueOperationGrant: async ({ operationId, credentialId }) => ({
        statement: `${operationId} ${credentialId}`,
        grantId: randomUUID(),
      }),
    }),
  ])
  const vaultServer = await serve('vault', [
    played(TargetServiceService, {
      getTarget: async ({ tenantId, credentialId, deviceId }) => {
        if (targets.get(`${credentialId} ${deviceId}`) !== tenantId)
          throw new SallyportError('credential.not_found')
        return { target: undefined }
      },
    }),
    played(
      DeviceServiceService,
      {
        getDevice: async ({ id }, { caller }) => {
          const device = devices.get(id)
          if (device?.tenantId !== caller.tenantId) throw new SallyportError('device.not_found')
          const none = {
            name: 'web-1',
            type: '',
            site: '',
            tags: [],
            connectivities: [],
            hostKeys: [],
            version: 1,
          }
          return {
            device: { id, address: device.address, ...none, createdAt: undefined, updatedAt: undefined },
          }
        },
      },
      'device.read',
    ),
    played(RotationServiceService, {
      beginRotation: async ({ operationId: rotationId, fencingToken, statement }) => {
        const name = { tenantId: '', rotationId, fencingToken }
        const begun = await vault.begin(
          name,
          { own: statement, privileged: undefined },
          new AbortController().signal,
        )
        return BeginRotationResponse.fromPartial({
          candidateNumber: 2,
          candidate: begun.candidate.bytes(),
          current: begun.current?.bytes() ?? Buffer.alloc(0),
          kind: SecretKind.PASSWORD,
          resumed: begun.resumed,
          endpoint: {
            address: begun.target.address,
            port: begun.target.port,
            username: begun.account.username,
            deviceName: 'web-1',
            hostKeys: begun.target.hostKeys.map(key => ({
              port: begun.target.port,
              publicKey: Buffer.from(key),
            })),
          },
        })
      },
      promoteCandidate: async ({ tenantId, operationId: rotationId, fencingToken }) => ({
        currentVersion: await vault.promote({ tenantId, rotationId, fencingToken }),
      }),
      abandonCandidate: async ({ tenantId, operationId: rotationId, fencingToken }) => {
        await vault.abandon({ tenantId, rotationId, fencingToken })
        return {}
      },
    }),
  ])

  const eventLog = new URL(db.adminUrl)
  eventLog.username = 'sallyport_event_log'
  eventLog.password = 'app'
  const config: ExecutionConfig = {
    host: '127.0.0.1',
    port: 0,
    databaseUrl: db.url('app'),
    workerDatabaseUrl: db.url('worker'),
    eventLog: { kind: 'postgres', url: eventLog.href },
    accessControlAddress: accessControl.address,
    vaultAddress: vaultServer.address,
    tls: await authority.issue('execution'),
    egress: laptopRules,
    worker: { ...defaultWorker, idleMs: 20, graceMs: 100 },
    logLevel: 'silent',
  }
  const owned = opened.move()
  return {
    db,
    authority,
    keys,
    config,
    eventLogUrl: eventLog.href,
    signingKey: { id: 'k1', privateKey: pair.privateKey },
    addTarget: (tenantId: string, credentialId: string, deviceId: string, address = '192.0.2.1') => {
      targets.set(`${credentialId} ${deviceId}`, tenantId)
      devices.set(deviceId, { tenantId, address })
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A service of which the test plays some methods. */
const played = <D extends ServiceDefinition>(
  definition: D,
  handlers: Partial<Handlers<D>>,
  permission: Permission | 'service' = 'service',
): Binding => {
  const row = { callers: ['execution'], permission, rate: 'internal', audit: 'none' } as const
  const table = Object.fromEntries(Object.keys(definition).map(name => [name, row]))
  const missing = async () => {
    throw new SallyportError('internal')
  }
  const all = Object.fromEntries(Object.keys(definition).map(name => [name, missing]))
  return bind(
    definition,
    table as unknown as MethodTable<D>,
    { ...all, ...handlers } as unknown as Handlers<D>,
  )
}
