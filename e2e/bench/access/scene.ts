import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { AccessControlConfig } from '@sallyport/access-control/config'
import { newToken } from '@sallyport/access-control/login/token'
import {
  AccessGroupServiceService,
  GrantServiceService,
  RequestServiceService,
} from '@sallyport/contracts/access_control/v1/access'
import { AuthenticationServiceService } from '@sallyport/contracts/access_control/v1/authentication'
import { createDevelopmentKeyRing } from '@sallyport/crypto/file-key-provider'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { openChannel } from '@sallyport/rpc/channel'
import { connectRpc, type RequestOptions, type RpcClient } from '@sallyport/rpc/client'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { type BenchDatabase, openBenchDatabase } from '../bench-database.ts'
import { type Child, startChild } from '../child.ts'

/** Somebody who is signed in, as far as access-control can tell. */
export type BenchUser = { readonly id: string; readonly token: string }

/** An access-control in a process of its own on a PostgreSQL of its own, and people who are signed in. */
export type AccessScene = AsyncDisposable & {
  readonly database: BenchDatabase
  readonly service: Child<string>
  readonly tls: Readonly<Record<'access-control' | 'gateway', TlsMaterial>>
  readonly tenantId: string
  readonly users: readonly BenchUser[]
  /** The options of a call by a user, good for a minute. */
  readonly by: (user: number) => Promise<RequestOptions>
  readonly grants: RpcClient<typeof GrantServiceService>
  readonly requests: RpcClient<typeof RequestServiceService>
  readonly accessGroups: RpcClient<typeof AccessGroupServiceService>
  /** The same as another service sees it. */
  readonly asVault: RpcClient<typeof GrantServiceService>
}

export const openAccessScene = async (userCount: number): Promise<AccessScene> => {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await openBenchDatabase())
  const keyRingFile = join(database.directory, 'keys.json')
  await createDevelopmentKeyRing(keyRingFile)
  const authority = await createServiceAuthority()
  const tls = {
    'access-control': await authority.issue('access-control'),
    gateway: await authority.issue('gateway'),
    vault: await authority.issue('vault'),
  }
  const config: AccessControlConfig = {
    host: '127.0.0.1',
    port: 0,
    databaseUrl: database.url('access_control', 'app'),
    workerDatabaseUrl: database.url('access_control', 'worker'),
    eventLog: { kind: 'postgres', url: database.url('event_log', 'app') },
    keyRingFile,
    vaultAddress: '127.0.0.1:1',
    loginTriesPerSource: 20,
    tls: tls['access-control'],
    logLevel: 'error',
  }
  const service = stack.use(await startChild<string>(join(import.meta.dirname, 'access-process.ts'), config))
  const open = (as: 'gateway' | 'vault') =>
    stack.use(openChannel({ service: 'access-control', address: service.ready, tls: tls[as] }))
  const [channel, asVault] = [open('gateway'), open('vault')]
  const { rows } = await database.superuser.query<{ id: string }>('select id from access_control.tenants')
  const tenantId = rows[0]?.id ?? ''
  const users = await signedIn(database, tenantId, userCount)
  const authentication = connectRpc(AuthenticationServiceService, channel)
  const owned = stack.move()
  return {
    database,
    service,
    tls,
    tenantId,
    users,
    by: async user => {
      const token = users[user % users.length]?.token ?? ''
      const asked = { token, audiences: ['access-control'], sourceAddress: '127.0.0.1' }
      return { callerToken: (await authentication.authenticate(asked)).callerTokens['access-control'] ?? '' }
    },
    grants: connectRpc(GrantServiceService, channel),
    requests: connectRpc(RequestServiceService, channel),
    accessGroups: connectRpc(AccessGroupServiceService, channel),
    asVault: connectRpc(GrantServiceService, asVault),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** People with every role, without the half second that a real first sign-in takes. */
const signedIn = async (
  { superuser }: BenchDatabase,
  tenantId: string,
  count: number,
): Promise<BenchUser[]> => {
  const users = Array.from({ length: count }, () => {
    const { text, hash } = newToken('session', tenantId)
    return { id: randomUUID(), token: text, hash }
  })
  await superuser.query(
    `insert into access_control.users (id, tenant_id, user_name, display_name, email, disabled, role_ids, password_hash,
       old_password_hashes, must_change_password, version, created_at)
     select id, $1, 'bench-' || id, '', '', false, (select array_agg(id) from access_control.roles where tenant_id = $1),
       '', '{}', false, 1, now() from unnest($2::uuid[]) as id`,
    [tenantId, users.map(({ id }) => id)],
  )
  await superuser.query(
    `insert into access_control.login_sessions (id, tenant_id, user_id, token_hash, channel, source_address, created_at,
       last_used_at, expires_at)
     select gen_random_uuid(), $1, id, hash, 'web', '127.0.0.1', now(), now(), now() + interval '12 hours'
     from unnest($2::uuid[], $3::bytea[]) as sessions (id, hash)`,
    [tenantId, users.map(({ id }) => id), users.map(({ hash }) => hash)],
  )
  return users
}
