import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import {
  CredentialServiceService,
  Criticality,
  DeviceServiceService,
  SecretKind,
} from '@sallyport/contracts/vault/v1/inventory'
import { KeyServiceService, SecretServiceService } from '@sallyport/contracts/vault/v1/secrets'
import { createDevelopmentKeyRing } from '@sallyport/crypto/file-key-provider'
import { type Caller, signCallerToken } from '@sallyport/identity/caller-token'
import { signGrant } from '@sallyport/identity/grant'
import { permissions } from '@sallyport/identity/permissions'
import type { SigningKey } from '@sallyport/identity/statement'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { openChannel } from '@sallyport/rpc/channel'
import { connectRpc, type RequestOptions, type RpcClient } from '@sallyport/rpc/client'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { vaultDefaults } from '@sallyport/vault/config'
import { exportJWK, importPKCS8 } from 'jose'
import { type BenchDatabase, openBenchDatabase } from '../bench-database.ts'
import { type Child, startChild } from '../child.ts'
import type { VaultInput } from './vault-process.ts'

export type Stored = { readonly credentialId: string; readonly deviceId: string; readonly secret: Buffer }

/** A vault in a process of its own on a PostgreSQL of its own, with secrets of 100 bytes in it. */
export type VaultScene = AsyncDisposable & {
  readonly database: BenchDatabase
  readonly vault: Child<string>
  readonly tls: Readonly<Record<'vault' | 'session-proxy', TlsMaterial>>
  readonly tenantId: string
  readonly stored: readonly Stored[]
  readonly secrets: RpcClient<typeof SecretServiceService>
  readonly credentials: RpcClient<typeof CredentialServiceService>
  readonly keys: RpcClient<typeof KeyServiceService>
  /** A user's token. Each user has a budget of calls of his own, so there are many. */
  readonly token: (user: number) => Promise<RequestOptions>
  /** A grant for a session with something stored, good for a minute. */
  readonly grantFor: (one: Stored) => Promise<string>
  readonly rootKeyFile: string
}

const tenantId = randomUUID()
const users = Array.from({ length: 50 }, () => randomUUID())

const newKey = async (): Promise<{ key: SigningKey; keySet: string }> => {
  const pair = generateKeyPairSync('ed25519')
  const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'bench' }
  return {
    key: { id: 'bench', privateKey: await importPKCS8(pem, 'EdDSA') },
    keySet: JSON.stringify({ keys: [jwk] }),
  }
}

const callerOf = (user: number): Caller => ({
  tenantId,
  userId: users[user % users.length] ?? '',
  userName: 'bench',
  // Object.keys gives strings; these are the catalogue's own.
  permissions: new Set(Object.keys(permissions) as (keyof typeof permissions)[]),
  loginSessionId: randomUUID(),
  kind: 'person',
  strength: 'mfa',
  sourceAddress: '127.0.0.1',
})

export const openVaultScene = async (count: number): Promise<VaultScene> => {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await openBenchDatabase())
  const rootKeyFile = join(database.directory, 'root-keys.json')
  await createDevelopmentKeyRing(rootKeyFile)
  const authority = await createServiceAuthority()
  const { key, keySet } = await newKey()
  const tls = {
    vault: await authority.issue('vault'),
    gateway: await authority.issue('gateway'),
    'session-proxy': await authority.issue('session-proxy'),
  }
  const config = {
    ...vaultDefaults,
    host: '127.0.0.1',
    port: 0,
    accessControlAddress: '127.0.0.1:1',
    tls: tls.vault,
    databaseUrl: database.url('vault', 'app'),
    workerDatabaseUrl: database.url('vault', 'worker'),
    eventLog: { kind: 'postgres', url: database.url('event_log', 'app') },
    rootKeyFile,
    logLevel: 'error',
  } as const
  const input: VaultInput = { config, keySet }
  const vault = stack.use(await startChild<string>(join(import.meta.dirname, 'vault-process.ts'), input))
  const open = (as: 'gateway' | 'session-proxy') =>
    stack.use(openChannel({ service: 'vault', address: vault.ready, tls: tls[as] }))
  const [gateway, proxy] = [open('gateway'), open('session-proxy')]
  const token = async (user: number): Promise<RequestOptions> => ({
    callerToken: await signCallerToken(callerOf(user), { audience: 'vault', key, now: new Date() }),
  })
  const credentials = connectRpc(CredentialServiceService, gateway)
  const deviceId = await pinnedDevice(connectRpc(DeviceServiceService, gateway), await token(0))
  const stored = await store(credentials, token, deviceId, count)
  const owned = stack.move()
  return {
    database,
    vault,
    tls,
    tenantId,
    stored,
    credentials,
    token,
    rootKeyFile,
    secrets: connectRpc(SecretServiceService, proxy),
    keys: connectRpc(KeyServiceService, gateway),
    grantFor: one => grantFor(key, one),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const hostKey = Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'), randomBytes(32)])

const pinnedDevice = async (
  devices: RpcClient<typeof DeviceServiceService>,
  token: RequestOptions,
): Promise<string> => {
  const connectivities = [{ protocol: 'ssh', port: 22 }]
  const wanted = {
    name: 'bench',
    address: '127.0.0.1',
    type: 'linux-server',
    site: '',
    tags: [],
    connectivities,
  }
  const { device } = await devices.createDevice(wanted, token)
  if (device === undefined) throw new Error('no device')
  await devices.pinHostKeys(
    { id: device.id, version: device.version, port: 22, publicKeys: [hostKey] },
    token,
  )
  return device.id
}

/** The request for a credential; the name is the number. */
export const credentialWith = (secret: Buffer, name: string, deviceId: string) => ({
  username: name,
  domain: '',
  type: 'local-admin',
  secretKind: SecretKind.PASSWORD,
  deviceIds: [deviceId],
  tags: [],
  criticality: Criticality.HIGH,
  notes: '',
  ownerUserId: '',
  parentCredentialId: '',
  strengthProfileId: '',
  exclusiveCustody: false,
  secret,
})

export const newSecret = (): Buffer => Buffer.from(randomBytes(50).toString('hex'))

const store = async (
  credentials: RpcClient<typeof CredentialServiceService>,
  token: VaultScene['token'],
  deviceId: string,
  count: number,
): Promise<Stored[]> => {
  const stored: Stored[] = []
  for (let number = 0; number < count; number += 1) {
    const secret = newSecret()
    // The vault overwrites what it was given when it is done with it.
    const request = credentialWith(Buffer.from(secret), `account-${number}`, deviceId)
    const { credential } = await credentials.createCredential(request, await token(number))
    stored.push({ credentialId: credential?.id ?? '', deviceId, secret })
  }
  return stored
}

const grantFor = (key: SigningKey, { credentialId, deviceId }: Stored): Promise<string> => {
  const now = new Date()
  return signGrant(
    {
      grantId: randomUUID(),
      tenantId,
      subject: { kind: 'user', id: users[0] ?? '', name: 'bench' },
      credentialId,
      deviceId,
      action: 'session',
      loginSessionId: randomUUID(),
      notBefore: now,
      expiresAt: new Date(now.getTime() + 60_000),
      endsAt: new Date(now.getTime() + 3_600_000),
      nonce: randomBytes(16).toString('base64url'),
    },
    key,
  )
}
