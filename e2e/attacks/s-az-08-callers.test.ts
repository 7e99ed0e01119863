import { connect, constants } from 'node:http2'
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { Metadata } from '@grpc/grpc-js'
import type { Caller } from '@sallyport/identity/caller-token'
import { isPermission, permissions } from '@sallyport/identity/permissions'
import { type ServiceName, serviceNames } from '@sallyport/identity/services'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { openChannel, type RpcChannel } from '@sallyport/rpc/channel'
import { connectRpc } from '@sallyport/rpc/client'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { codeOf, reasonOf } from '../support/refusals.ts'
import { figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeclaredMethod, declaredMethods } from '../support/method-tables.ts'
import { startStubServices, type StubServices } from '../support/stub-services.ts'

const stack = new AsyncDisposableStack()
let stubs: StubServices
/** One connection for each pair of services, and one for each stranger. */
const channels = new Map<string, RpcChannel>()

beforeAll(async () => {
  stubs = stack.use(await startStubServices())
})
afterAll(() => stack.disposeAsync())

const alice: Caller = {
  tenantId: randomUUID(),
  userId: randomUUID(),
  userName: 'alice',
  permissions: new Set(Object.keys(permissions).filter(isPermission)),
  loginSessionId: randomUUID(),
  kind: 'person',
  strength: 'mfa',
  sourceAddress: '192.0.2.1',
}

const channelAs = (as: string, tls: TlsMaterial, to: ServiceName): RpcChannel => {
  const known = channels.get(`${as} ${to}`)
  if (known) return known
  const opened = stack.use(openChannel({ service: to, address: stubs.addressOf(to), tls }))
  channels.set(`${as} ${to}`, opened)
  return opened
}

/** Calls a method with an empty message, and tells why not, or `done`. */
const call = async (channel: RpcChannel, { wire }: DeclaredMethod, callerToken?: string): Promise<string> => {
  const { method } = connectRpc({ method: wire }, channel)
  const request = wire.requestDeserialize(Buffer.alloc(0)) as never
  const answer = (method as (request: never, options: object) => unknown)(request, {
    ...(callerToken && { callerToken }),
  })
  return codeOf(
    wire.responseStream
      ? Readable.from(answer as AsyncIterable<unknown>).toArray()
      : (answer as Promise<unknown>),
  )
}

describe('S-AZ-08: a service is called only by those that its rows list', () => {
  it('each method by each service, with a person who may do everything', async () => {
    let passed = 0
    for (const as of serviceNames) {
      const tls = await stubs.authority.issue(as)
      for (const method of declaredMethods) {
        const token = await stubs.tokenFor(alice, method.service)
        const listed = method.callers.includes(as)
        const outcome = await call(channelAs(as, tls, method.service), method, token)
        expect(`${as} ${method.name} ${outcome}`).toBe(
          `${as} ${method.name} ${listed ? 'done' : 'service.not_allowed'}`,
        )
        expect(stubs.reached()).toEqual(listed ? [method.name] : [])
        if (listed) passed += 1
      }
    }
    const cells = serviceNames.length * declaredMethods.length
    figure('S-AZ-08', `${cells} calls by services, ${passed} listed and passed, all others refused`)
  })

  it('with a token for another service, without the permission, or without a token: by nobody', async () => {
    for (const method of declaredMethods.filter(({ permission }) => permission !== 'service')) {
      const [as] = method.callers
      if (!as) throw new Error(`${method.name} has no callers`)
      const channel = channelAs(as, await stubs.authority.issue(as), method.service)
      const elsewhere = method.service === 'vault' ? 'audit' : 'vault'
      expect(await call(channel, method), method.name).toBe('caller.unauthenticated')
      expect(await call(channel, method, await stubs.tokenFor(alice, elsewhere)), method.name).toBe(
        'caller.token_invalid',
      )
      if (!isPermission(method.permission)) continue
      const others = new Set(alice.permissions)
      others.delete(method.permission)
      const token = await stubs.tokenFor({ ...alice, permissions: others }, method.service)
      expect(await call(channel, method, token), method.name).toBe('caller.not_allowed')
    }
    expect(stubs.reached()).toEqual([])
  })

  it('and no metadata makes a caller of a stranger, or a person of nobody', async () => {
    const tls = await stubs.authority.issue('audit')
    const forged = {
      'x-user': alice.userId,
      'x-tenant': alice.tenantId,
      'x-forwarded-client-cert': 'URI=spiffe://sallyport/gateway',
      'x-spiffe-id': 'spiffe://sallyport/gateway',
      'sallyport-service': 'gateway',
      'sallyport-permissions': [...alice.permissions].join(),
      'sallyport-caller-bin': Buffer.from('{}'),
    }
    for (const method of declaredMethods.filter(({ wire }) => !wire.responseStream)) {
      const metadata = new Metadata()
      for (const [name, value] of Object.entries(forged)) metadata.set(name, value)
      const { client } = channelAs('audit', tls, method.service)
      if (method.callers.includes('audit')) continue
      const refused = await new Promise(resolve => {
        const { wire } = method
        const request = wire.requestDeserialize(Buffer.alloc(0)) as never
        client.makeUnaryRequest(
          wire.path,
          wire.requestSerialize,
          wire.responseDeserialize,
          request,
          metadata,
          failure => resolve(failure && reasonOf(failure)),
        )
      })
      expect(refused, method.name).toBe('service.not_allowed')
    }
    expect(stubs.reached()).toEqual([])
  })
})

describe('S-AZ-02: nobody without a certificate of ours calls anything', () => {
  it('with one of another authority, of a service that there is not, or with none', async () => {
    const { certificate: authority } = stubs.authority
    const foreign = { ...(await (await createServiceAuthority()).issue('gateway')), authority }
    // No name of ours: the authority would never issue it, and the type would not let anybody ask.
    const intruder = await stubs.authority.issue('intruder' as ServiceName)
    for (const method of declaredMethods) {
      const token = await stubs.tokenFor(alice, method.service)
      expect(await call(channelAs('foreign', foreign, method.service), method, token)).toBe(
        'service.unavailable',
      )
      expect(await call(channelAs('intruder', intruder, method.service), method, token)).toBe(
        'service.not_allowed',
      )
      expect(await rawCall(method.service, method.wire.path, undefined)).toBe('no connection')
    }
    expect(stubs.reached()).toEqual([])
    figure(
      'S-AZ-02',
      `${3 * declaredMethods.length} gRPC calls without a certificate of ours, 0 reached a method`,
    )
  })
})

describe('S-AZ-08: another spelling of a method’s path', () => {
  it('reaches nothing, for those who may call it as for those who may not', async () => {
    const spellings = (path: string): string[] => [
      path.slice(1),
      `/${path}`,
      `${path}/`,
      `${path}?x=1`,
      `${path}#x`,
      `${path}%00`,
      `${path} `,
      path.toLowerCase(),
      path.toUpperCase(),
      path.replace('/', '/./'),
      path.replaceAll('.', '%2e'),
      path.replace(/\/(\w+)$/, '/../$1'),
      path.replace(/\/(\w+)$/, '%2f$1'),
      path.replace(/\/(\w+)$/, '//$1'),
      path.replace(/\/(\w+)$/, '/x/../$1'),
      `https://vault${path}`,
      '',
      '*',
      '/',
    ]
    let tried = 0
    for (const as of ['gateway', 'audit'] as const) {
      const tls = await stubs.authority.issue(as)
      for (const method of declaredMethods.filter(({ permission }) => permission === 'service')) {
        for (const path of spellings(method.wire.path)) {
          expect(['12', 'reset'], path).toContain(await rawCall(method.service, path, tls))
          tried += 1
        }
      }
    }
    expect(stubs.reached()).toEqual([])
    figure('S-AZ-08', `${tried} spellings of method paths, 0 reached a method`)
  })
})

/** One call byte by byte: its gRPC status, `reset`, or `no connection`. */
const rawCall = async (to: ServiceName, path: string, tls: TlsMaterial | undefined): Promise<string> => {
  const session = connect(`https://${stubs.addressOf(to)}`, {
    ca: stubs.authority.certificate,
    checkServerIdentity: () => undefined,
    ...(tls && { cert: tls.certificate, key: tls.privateKey }),
  })
  session.on('error', () => {})
  try {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    stream.on('error', () => {})
    let status: unknown
    let isOpen = false
    const note = (headers: Record<string, unknown>): void => {
      isOpen = true
      status ??= headers['grpc-status']
    }
    stream.on('response', note).on('trailers', note).resume()
    // An empty message: not compressed, of length 0.
    stream.end(Buffer.alloc(5))
    // Not `once`, which fails with the stream.
    await new Promise(resolve => stream.once('close', resolve))
    if (typeof status === 'string') return status
    return isOpen || tls ? 'reset' : 'no connection'
  } finally {
    session.destroy()
  }
}
