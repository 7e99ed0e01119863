import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { Client, status } from '@grpc/grpc-js'
import { TenantServiceService } from '@sallyport/contracts/access_control/v1/directory'
import { type Caller, signCallerToken } from '@sallyport/identity/caller-token'
import type { ServiceName } from '@sallyport/identity/services'
import { createKeyFinder } from '@sallyport/identity/verification-keys'
import { createLogger } from '@sallyport/telemetry/logger'
import { openMeter } from '@sallyport/telemetry/metrics'
import { within } from '@sallyport/telemetry/span'
import { openTraced, type Traced } from '@sallyport/testing/traced'
import { exportJWK, importPKCS8 } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createServiceAuthority, type ServiceAuthority } from './authority.ts'
import { openChannel } from './channel.ts'
import { connectRpc, type RpcClient } from './client.ts'
import { bind, type Handlers } from './handlers.ts'
import type { MethodTable } from './methods.ts'
import { type Refusal, type RpcServer, serveRpc } from './server.ts'
import { clientCredentials } from './tls.ts'

type Tenants = typeof TenantServiceService

const table: MethodTable<Tenants> = {
  createTenant: { callers: ['gateway'], permission: 'tenant.manage', rate: 'write', audit: 'tenant.created' },
  getTenant: { callers: ['gateway'], permission: 'signed-in', rate: 'read', audit: 'none' },
  listTenants: { callers: ['gateway', 'vault'], permission: 'service', rate: 'internal', audit: 'none' },
  updateTenant: { callers: ['vault'], permission: 'tenant.manage', rate: 'write', audit: 'tenant.updated' },
}

const handlers: Handlers<Tenants> = {
  createTenant: async (request, call) => {
    if (request.name === 'forgetful')
      return { tenant: undefined, administrator: undefined, initialPassword: Buffer.alloc(0) }
    call.audited.add('tenant.created')
    if (request.name === 'broken') throw new Error('connect ECONNREFUSED db-1:5432')
    return { tenant: undefined, administrator: undefined, initialPassword: Buffer.from(call.caller.userName) }
  },
  getTenant: async (_request, call) => {
    await new Promise<void>(resolve => call.signal.addEventListener('abort', () => resolve()))
    return { tenant: undefined }
  },
  listTenants: async () => ({ tenants: [], page: { nextCursor: 'end' } }),
  updateTenant: async () => ({ tenant: undefined }),
}

const pair = generateKeyPairSync('ed25519')
const publicJwk = await exportJWK(pair.publicKey)
const key = {
  id: 'k1',
  privateKey: await importPKCS8(pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 'EdDSA'),
}
const keySet = JSON.stringify({ keys: [{ ...publicJwk, kid: 'k1' }] })
const keys = createKeyFinder({
  fetch: async () => ({ callerTokenKeys: keySet, grantKeys: '{"keys":[]}' }),
  now: () => performance.now(),
})

const alice: Caller = {
  tenantId: randomUUID(),
  userId: randomUUID(),
  userName: 'alice',
  permissions: new Set(['tenant.manage']),
  loginSessionId: randomUUID(),
  kind: 'person',
  strength: 'mfa',
  sourceAddress: '127.0.0.1',
}

const tokenFor = (caller: Caller, audience: ServiceName = 'access-control', now = new Date()) =>
  signCallerToken(caller, { audience, key, now })

describe('serveRpc', () => {
  let authority: ServiceAuthority
  let server: RpcServer
  const refusals: Refusal[] = []
  const meter = openMeter(() => {})
  let traced: Traced

  const clientAs = async (
    service: ServiceName,
    from: ServiceAuthority = authority,
  ): Promise<RpcClient<Tenants>> => {
    const tls = { ...(await from.issue(service)), authority: authority.certificate }
    return connectRpc(
      TenantServiceService,
      openChannel({ service: 'access-control', address: server.address, tls }),
    )
  }

  beforeAll(async () => {
    authority = await createServiceAuthority()
    traced = await openTraced('access-control')
    server = await serveRpc({
      tracing: traced.tracing,
      service: 'access-control',
      host: '127.0.0.1',
      port: 0,
      tls: await authority.issue('access-control'),
      keys,
      // As the database's: it does not jump.
      clock: { now: () => new Date(performance.timeOrigin + performance.now()) },
      log: createLogger('test', 'silent'),
      bindings: [bind(TenantServiceService, table, handlers)],
      onRefused: async refusal => void refusals.push(refusal),
      meter,
    })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await traced[Symbol.asyncDispose]()
  })

  const request = { name: 'acme', description: '', administratorUserName: 'root' }

  it('answers a caller whose service, token and permission the row asks for', async () => {
    const client = await clientAs('gateway')
    const answer = await client.createTenant(request, { callerToken: await tokenFor(alice) })
    expect(answer.initialPassword.toString()).toBe('alice')
  })

  it('refuses messages that are compressed, however little they unpack to', async () => {
    const tls = { ...(await authority.issue('gateway')), authority: authority.certificate }
    const client = new Client(server.address, clientCredentials(tls, 'access-control'), {
      'grpc.default_compression_algorithm': 2,
      'grpc.ssl_target_name_override': 'access-control',
    })
    const { path, requestSerialize, responseDeserialize } = TenantServiceService.listTenants
    const send = (payload: Buffer): Buffer => payload
    const refusal = new Promise(resolve => {
      const payload = requestSerialize({ page: undefined })
      client.makeUnaryRequest(path, send, responseDeserialize, payload, resolve)
    })
    expect(await refusal).toMatchObject({ code: status.UNIMPLEMENTED })
    client.close()
  })

  it('is part of the caller’s trace: a span on each side, with the code of a failure and nothing that was sent', async () => {
    const client = await clientAs('gateway')
    const options = { callerToken: await tokenFor(alice), requestId: 'request-4711' }
    // Whoever is in no trace begins none.
    await client.createTenant(request, options)
    await within(traced.tracing.begin('attempt', {}), async () => {
      await client.createTenant(request, options)
      await expect(client.createTenant({ ...request, name: 'broken' }, options)).rejects.toThrow()
    })
    const spans = await traced.spans(5)
    const sides = spans.filter(
      ({ name }) => name === 'sallyport.access_control.v1.TenantService/CreateTenant',
    )
    expect(spans).toHaveLength(5)
    expect(sides).toHaveLength(4)
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
    const withParent = sides.filter(({ parentSpanId }) => sides.some(({ spanId }) => spanId === parentSpanId))
    expect(withParent).toHaveLength(2)
    expect(
      sides.filter(({ attributes, isError }) => isError && attributes['error.type'] === 'internal'),
    ).toHaveLength(2)
    for (const planted of [
      'acme',
      'broken',
      'alice',
      alice.tenantId,
      alice.userId,
      'request-4711',
      'db-1:5432',
    ])
      expect(traced.received()).not.toContain(planted)
  })

  it('counts answers by method and outcome', async () => {
    const client = await clientAs('gateway')
    const counted = async (outcome: string): Promise<number> => {
      const labels = `method="TenantService/CreateTenant",outcome="${outcome}"`
      const line = new RegExp(`^sallyport_rpc_requests_total\\{${labels}\\} (\\d+)$`, 'm')
      return Number(line.exec(await meter.text())?.[1] ?? 0)
    }
    const before = await Promise.all(['ok', 'unauthenticated', 'internal'].map(counted))
    const callerToken = await tokenFor(alice)
    await client.createTenant(request, { callerToken })
    await client.createTenant(request, {}).catch(() => {})
    await client.createTenant({ ...request, name: 'broken' }, { callerToken }).catch(() => {})
    const after = await Promise.all(['ok', 'unauthenticated', 'internal'].map(counted))
    expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual([1, 1, 1])
    expect(await meter.text()).toContain(
      'sallyport_rpc_request_seconds_count{method="TenantService/CreateTenant"}',
    )
  })

  it('refuses a service that the row does not list, and tells the audit', async () => {
    const client = await clientAs('execution')
    const attempt = client.createTenant(request, { callerToken: await tokenFor(alice), requestId: 'r-1' })
    await expect(attempt).rejects.toMatchObject({ reason: 'service.not_allowed' })
    expect(refusals.at(-1)).toMatchObject({
      service: 'execution',
      requestId: 'r-1',
      method: expect.stringContaining('CreateTenant'),
    })
  })

  it('refuses a caller without the permission, and names the caller to the audit', async () => {
    const client = await clientAs('gateway')
    const callerToken = await tokenFor({ ...alice, permissions: new Set(['user.read']) })
    await expect(client.createTenant(request, { callerToken })).rejects.toMatchObject({
      reason: 'caller.not_allowed',
      metadata: { permission: 'tenant.manage' },
    })
    expect(refusals.at(-1)?.caller?.userName).toBe('alice')
  })

  it.each([
    ['absent', async () => undefined],
    ['for another service', () => tokenFor(alice, 'vault')],
    ['expired', () => tokenFor(alice, 'access-control', new Date(Date.now() - 120_000))],
    ['garbage', async () => 'e30.e30.e30'],
    [
      'unsigned',
      async () => `${Buffer.from('{"alg":"none","typ":"sallyport-caller+jwt"}').toString('base64url')}.e30.`,
    ],
  ])('refuses a caller token that is %s', async (_title, token) => {
    const client = await clientAs('gateway')
    const attempt = client.createTenant(request, { callerToken: await token() })
    await expect(attempt).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('refuses a client whose certificate is from another authority', async () => {
    const client = await clientAs('gateway', await createServiceAuthority())
    await expect(client.listTenants({ page: undefined })).rejects.toMatchObject({
      reason: 'service.unavailable',
    })
  })

  it('is refused by a client that expects another service', async () => {
    const channel = openChannel({
      service: 'vault',
      address: server.address,
      tls: await authority.issue('gateway'),
    })
    const client = connectRpc(TenantServiceService, channel)
    await expect(client.listTenants({ page: undefined })).rejects.toMatchObject({
      reason: 'service.unavailable',
    })
  })

  it('hides what failed inside', async () => {
    const client = await clientAs('gateway')
    const attempt = client.createTenant(
      { ...request, name: 'broken' },
      { callerToken: await tokenFor(alice), requestId: 'r-7' },
    )
    await expect(attempt).rejects.toMatchObject({ reason: 'internal', message: 'Internal error r-7' })
  })

  it('fails a call that forgot its audit event', async () => {
    const client = await clientAs('gateway')
    const attempt = client.createTenant(
      { ...request, name: 'forgetful' },
      { callerToken: await tokenFor(alice) },
    )
    await expect(attempt).rejects.toMatchObject({ reason: 'internal' })
  })

  it('tells the handler when the caller gives up', async () => {
    const client = await clientAs('gateway')
    const attempt = client.getTenant({ id: 'x' }, { callerToken: await tokenFor(alice), deadlineMs: 200 })
    await expect(attempt).rejects.toMatchObject({ reason: 'request.deadline' })
  })

  it.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('gives a call its time, although the clock jumps %s by an hour meanwhile', async (_way, byMs) => {
    const client = await clientAs('gateway')
    const options = { callerToken: await tokenFor(alice), deadlineMs: 300 }
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const begun = performance.now()
      const attempt = client.getTenant({ id: 'x' }, options)
      // Its connection does not exist yet.
      vi.setSystemTime(Date.now() + byMs)
      await expect(attempt).rejects.toMatchObject({ reason: 'request.deadline' })
      expect(performance.now() - begun).toBeGreaterThan(290)
    } finally {
      vi.useRealTimers()
    }
  })

  it('does not start when a method has no row', async () => {
    const { getTenant: _, ...incomplete } = table
    const options = {
      service: 'access-control' as const,
      host: '127.0.0.1',
      port: 0,
      tls: await authority.issue('access-control'),
      keys,
      clock: { now: () => new Date() },
      log: createLogger('test', 'silent'),
      bindings: [bind(TenantServiceService, incomplete as MethodTable<Tenants>, handlers)],
    }
    await expect(serveRpc(options)).rejects.toThrow('GetTenant has no row')
  })
})
