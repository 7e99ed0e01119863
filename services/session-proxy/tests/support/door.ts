import { randomUUID } from 'node:crypto'
import { createEgress } from '@sallyport/egress/egress'
import { Secret } from '@sallyport/crypto/secret'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import type { Authentication } from '../../src/clients/authentication.ts'
import { defaultSshRekey } from '../../src/config.ts'
import { type RekeyLimits, startRekeying } from '../../src/protocols/ssh/rekeying.ts'
import { startSshServer } from '../../src/protocols/ssh/server.ts'
import type { GateLimits } from '../../src/protocols/ssh/connection-gate.ts'
import { grantConfirmer, watchWindows } from '../../src/sessions/enforcement.ts'
import { type LiveSessions, liveSessions } from '../../src/sessions/live-sessions.ts'
import { watchRevocations } from '../../src/sessions/revocation-watch.ts'
import { startTicker } from '../../src/sessions/ticker.ts'
import {
  type FakeAccess,
  type FakeRevocations,
  fakeAccess,
  fakeAuthentication,
  fakeLedger,
  fakeRecordings,
  fakeRevocations,
  fakeVault,
  recordingKeys,
  type TargetFacts,
} from './fakes.ts'

export type Door = AsyncDisposable & {
  readonly host: string
  readonly port: number
  readonly access: FakeAccess
  readonly revocations: FakeRevocations
  readonly vault: ReturnType<typeof fakeVault>
  readonly ledger: ReturnType<typeof fakeLedger>
  readonly recordings: ReturnType<typeof fakeRecordings>
  readonly authentication: ReturnType<typeof fakeAuthentication>
  readonly sessions: LiveSessions
  /** Everything that was logged. */
  readonly logged: unknown[]
}

const LIMITS: GateLimits = {
  maxConnections: 200,
  maxConnectionsPerSource: 200,
  maxSigningIn: 50,
  maxSigningInPerSource: 50,
  firstFactorSeconds: 30,
  signInSeconds: 120,
}

/** The SSH door with everything behind it faked but the recorder. */
export const openDoor = async (
  facts: () => TargetFacts,
  options: {
    authentication?: ReturnType<typeof fakeAuthentication>
    limits?: Partial<GateLimits>
    rekey?: Partial<RekeyLimits>
    targetsOnLoopback?: boolean
  } = {},
): Promise<Door> => {
  const clock = { now: () => new Date() }
  const logged: unknown[] = []
  const write = (...what: unknown[]): void => void logged.push(what)
  const log = { warn: write, error: write, info: write }
  const [access, revocations, vault, ledger] = [
    fakeAccess(),
    fakeRevocations(),
    fakeVault(facts),
    fakeLedger(),
  ]
  const authentication = options.authentication ?? fakeAuthentication()
  const recordings = fakeRecordings()
  const sessions = liveSessions()
  const steadyNow = (): number => performance.now()
  const watch = watchRevocations({
    revocations,
    steadyNow,
    log,
    onRevoked: (grantId, reason) => sessions.endByGrant(grantId, { reason: 'revoked', detail: reason }),
  })
  const confirmGrants = grantConfirmer({ sessions, watch, revocations, steadyNow, log })
  const jobs = [async () => watchWindows(sessions, clock.now()), confirmGrants]
  const ticker = startTicker({ sessions, jobs, log })
  const rekeying = startRekeying({ ...defaultSshRekey, ...options.rekey })
  const server = await startSshServer(
    {
      access,
      authentication: authentication satisfies Authentication,
      revocations,
      vault,
      ledger,
      watch,
      recordings,
      recordingKeys,
      sessions,
      clock,
      log,
      newId: randomUUID,
      egress: createEgress({ allowLoopback: options.targetsOnLoopback ?? true, forbidden: [] }),
      maxChannelsPerConnection: 10,
      rekeying,
    },
    {
      host: '127.0.0.1',
      port: 0,
      hostKey: Secret.fromUtf8(newSshKey().private),
      limits: { ...LIMITS, ...options.limits },
    },
  )
  const port = Number(server.address.split(':').at(-1))
  return {
    host: '127.0.0.1',
    port,
    access,
    revocations,
    vault,
    ledger,
    recordings,
    authentication,
    sessions,
    logged,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      rekeying[Symbol.dispose]()
      ticker[Symbol.dispose]()
      await watch[Symbol.asyncDispose]()
    },
  }
}
