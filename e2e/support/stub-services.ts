import { generateKeyPairSync } from 'node:crypto'
import { Readable } from 'node:stream'
import { type Caller, signCallerToken } from '@sallyport/identity/caller-token'
import type { ServiceName } from '@sallyport/identity/services'
import { createKeyFinder } from '@sallyport/identity/verification-keys'
import { createServiceAuthority, type ServiceAuthority } from '@sallyport/rpc/authority'
import type { Binding, UntypedHandler } from '@sallyport/rpc/handlers'
import { serveRpc } from '@sallyport/rpc/server'
import { createLogger } from '@sallyport/telemetry/logger'
import { type DeclaredMethod, type DeclaredService, declaredServices, upperFirst } from './method-tables.ts'

/** Every service's server with its own tables, and handlers that do nothing but say that they were reached. */
export type StubServices = AsyncDisposable & {
  readonly authority: ServiceAuthority
  readonly addressOf: (service: ServiceName) => string
  /** The methods that were reached since the last time that somebody asked. */
  readonly reached: () => string[]
  readonly tokenFor: (caller: Caller, audience: ServiceName) => Promise<string>
}

export const startStubServices = async (): Promise<StubServices> => {
  await using stack = new AsyncDisposableStack()
  const authority = await createServiceAuthority()
  const { keys, tokenFor } = callerTokens()
  const reached: string[] = []
  const addresses = new Map<ServiceName, string>()
  for (const service of new Set(declaredServices.map(one => one.service))) {
    const server = stack.use(
      await serveRpc({
        service,
        host: '127.0.0.1',
        port: 0,
        tls: await authority.issue(service),
        keys,
        clock: { now: () => new Date() },
        log: createLogger('stub', 'silent'),
        bindings: declaredServices
          .filter(one => one.service === service)
          .map(one => stubOf(one, name => reached.push(name))),
      }),
    )
    addresses.set(service, server.address)
  }
  const owned = stack.move()
  return {
    authority,
    addressOf: service => addresses.get(service) ?? '',
    reached: () => reached.splice(0),
    tokenFor,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const stubOf = (
  { name, definition, rows }: DeclaredService,
  note: (method: DeclaredMethod['name']) => void,
): Binding => {
  const handlers = Object.entries(definition).map(([method, wire]): [string, UntypedHandler] => {
    const path = `${name}/${upperFirst(method)}`
    const audit = rows[method]?.audit
    if (wire.responseStream) {
      const empty = (): AsyncIterable<unknown> => {
        note(path)
        return Readable.from([])
      }
      return [method, empty]
    }
    return [
      method,
      async (_request, call) => {
        note(path)
        if (audit) call.audited.add(audit)
        return wire.responseDeserialize(Buffer.alloc(0))
      },
    ]
  })
  return { definition, table: rows, handlers: Object.fromEntries(handlers) }
}

const callerTokens = () => {
  const pair = generateKeyPairSync('ed25519')
  const { x } = pair.publicKey.export({ format: 'jwk' })
  const set = JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', kid: 'k1', x }] })
  const keys = createKeyFinder({
    fetch: async () => ({ callerTokenKeys: set, grantKeys: '{"keys":[]}' }),
    now: () => performance.now(),
  })
  const key = { id: 'k1', privateKey: pair.privateKey.toCryptoKey('Ed25519', false, ['sign']) }
  const tokenFor: StubServices['tokenFor'] = (caller, audience) =>
    signCallerToken(caller, { audience, key, now: new Date() })
  return { keys, tokenFor }
}
