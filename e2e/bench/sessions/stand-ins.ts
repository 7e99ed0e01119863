import { randomUUID } from 'node:crypto'
import { setInterval } from 'node:timers/promises'
import {
  Action,
  GrantServiceService,
  Outcome,
  RequestState,
} from '@sallyport/contracts/access_control/v1/access'
import {
  AuthenticationServiceService,
  type LoginStep,
} from '@sallyport/contracts/access_control/v1/authentication'
import { SecretKind } from '@sallyport/contracts/vault/v1/inventory'
import { SecretServiceService } from '@sallyport/contracts/vault/v1/secrets'
import { freePort } from '@sallyport/postgres/free-port'
import type { ServiceAuthority } from '@sallyport/rpc/authority'
import type { ServiceDefinition } from '@sallyport/rpc/definition'
import { type Binding, bind, type Handlers } from '@sallyport/rpc/handlers'
import { serveRpc } from '@sallyport/rpc/server'
import { createLogger } from '@sallyport/telemetry/logger'
import type { BenchTarget } from './target.ts'

/** Access-control and vault that say yes at once, so that a session proxy can be measured alone. Over the real mTLS. */
export type StandIns = AsyncDisposable & { readonly accessControl: string; readonly vault: string }

export const startStandIns = async (authority: ServiceAuthority, target: BenchTarget): Promise<StandIns> => {
  await using stack = new AsyncDisposableStack()
  const common = {
    host: '127.0.0.1',
    keys: () => Promise.reject(new Error('nobody asks')),
    clock: { now: () => new Date() },
    log: createLogger('access-control', 'error'),
  }
  const serve = async (
    service: 'access-control' | 'vault',
    bindings: readonly Binding[],
  ): Promise<string> => {
    const tls = await authority.issue(service)
    return stack.use(await serveRpc({ ...common, service, tls, bindings, port: await freePort() })).address
  }
  const accessControl = await serve('access-control', [authentication(), grants(target)])
  const vault = await serve('vault', [secrets(target)])
  const owned = stack.move()
  return { accessControl, vault, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

const TENANT_ID = randomUUID()
const USER_ID = randomUUID()
const HEARTBEAT_MILLISECONDS = 1_000

const authentication = (): Binding => {
  const { beginPublicKeyLogin, authenticate } = AuthenticationServiceService
  return open(
    { beginPublicKeyLogin, authenticate },
    {
      beginPublicKeyLogin: async ({ userName }) => ({ step: signedIn(userName) }),
      authenticate: async ({ audiences }) => ({
        callerTokens: Object.fromEntries(audiences.map(audience => [audience, 'stands-in'])),
        tenantId: TENANT_ID,
        userId: USER_ID,
        userName: 'bench',
        permissions: [],
        sessionId: randomUUID(),
        expiresAt: inAnHour(),
      }),
    },
  )
}

const signedIn = (userName: string): LoginStep => ({
  step: {
    $case: 'signedIn',
    value: {
      sessionToken: randomUUID(),
      sessionId: randomUUID(),
      expiresAt: inAnHour(),
      tenantId: TENANT_ID,
      userId: USER_ID,
      userName,
    },
  },
})

const grants = ({ username }: BenchTarget): Binding => {
  const { resolveTarget, issueGrant, watchRevocations, checkGrants } = GrantServiceService
  const target = {
    credentialId: randomUUID(),
    deviceId: randomUUID(),
    username,
    domain: '',
    deviceName: 'target',
    deviceAddress: '127.0.0.1',
  }
  return open(
    { resolveTarget, issueGrant, watchRevocations, checkGrants },
    {
      resolveTarget: async () => ({
        target,
        decision: {
          outcome: Outcome.ALLOWED,
          rule: undefined,
          reasons: [],
          requestId: '',
          requestState: RequestState.UNSPECIFIED,
        },
      }),
      issueGrant: async () => ({
        statement: 'stands-in',
        grant: {
          id: randomUUID(),
          userId: USER_ID,
          userName: 'bench',
          loginSessionId: randomUUID(),
          target,
          action: Action.SESSION,
          requestId: '',
          issuedAt: new Date(),
          endsAt: inAnHour(),
          revokedAt: undefined,
          revokedReason: '',
        },
      }),
      watchRevocations: async function* () {
        yield { revocation: undefined, position: 0n }
        for await (const _ of setInterval(HEARTBEAT_MILLISECONDS))
          yield { revocation: undefined, position: 0n }
      },
      checkGrants: async ({ grantIds }) => ({ goodGrantIds: grantIds, endedReasons: {} }),
    },
  )
}

const secrets = ({ port, username, privateKey, hostKey }: BenchTarget): Binding => {
  const { releaseSecret } = SecretServiceService
  const hostKeys = [
    { port, algorithm: 'ssh-ed25519', publicKey: hostKey, fingerprint: '', pinnedAt: undefined },
  ]
  return open(
    { releaseSecret },
    {
      releaseSecret: async () => ({
        kind: SecretKind.SSH_KEY,
        secret: Buffer.from(privateKey),
        versionNumber: 1,
        endpoint: {
          deviceId: randomUUID(),
          deviceName: 'target',
          address: '127.0.0.1',
          port,
          username,
          domain: '',
          hostKeys,
        },
      }),
    },
  )
}

/** Only the session proxy may call; nobody is asked who stands behind the call. */
const open = <D extends ServiceDefinition>(definition: D, handlers: Handlers<D>): Binding => {
  const row = { callers: ['session-proxy'], permission: 'service', rate: 'internal', audit: 'none' } as const
  const rows = Object.keys(definition).map(name => [name, row])
  return bind(definition, Object.fromEntries(rows), handlers)
}

const inAnHour = (): Date => new Date(Date.now() + 3_600_000)
