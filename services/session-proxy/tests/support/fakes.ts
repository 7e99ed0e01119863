import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newSealingKey, open, seal } from '@sallyport/crypto/envelope'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { Secret } from '@sallyport/crypto/secret'
import { SallyportError } from '@sallyport/errors/error'
import type { Access, AccessRequest, Resolved, Target } from '../../src/clients/access.ts'
import type { Authentication, LoginStep, Person } from '../../src/clients/authentication.ts'
import type { RevocationMessage, Revocations } from '../../src/clients/revocations.ts'
import type { Released, Vault } from '../../src/clients/vault.ts'
import type { Verdict } from '../../src/domain/admission.ts'
import { directoryStore } from '../../src/recording/directory-store.ts'
import type { RecordingStore } from '../../src/recording/recording-store.ts'
import type { Ended, SessionLedger } from '../../src/store/session-ledger.ts'

export const TENANT_ID: string = randomUUID()
export const OPERATOR_TENANT_ID: string = randomUUID()
export const USER_ID: string = randomUUID()
export const PASSWORD = 'correct horse battery staple'
export const CODE = '123456'

/** Messages from any number of senders to one reader. */
export const channelOf = <T>(): { send(message: T): void; fail(error: Error): void } & AsyncIterable<T> => {
  let wake = Promise.withResolvers<void>()
  const waiting: (T | Error)[] = []
  const put = (item: T | Error): void => {
    waiting.push(item)
    wake.resolve()
  }
  return {
    send: put,
    fail: put,
    async *[Symbol.asyncIterator]() {
      for (;;) {
        await wake.promise
        wake = Promise.withResolvers()
        for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
          if (item instanceof Error) throw item
          yield item
        }
      }
    },
  }
}

export const fakeAuthentication = (
  options: { firstStep?: LoginStep; knownKey?: Buffer } = {},
): Authentication & {
  people: Person[]
  newPasswords: string[]
  keysPassedOn: Buffer[]
  loggedOut: number
} => {
  const signedIn: LoginStep = {
    kind: 'signed-in',
    login: {
      sessionToken: 'session-token',
      loginSessionId: randomUUID(),
      tenantId: TENANT_ID,
      userId: USER_ID,
      userName: 'alice',
    },
  }
  const refuse = (): never => {
    throw new SallyportError('caller.unauthenticated')
  }
  const fake = {
    people: [] as Person[],
    newPasswords: [] as string[],
    keysPassedOn: [] as Buffer[],
    loggedOut: 0,
    withPassword: async (person: Person, password: Buffer) => {
      fake.people.push(person)
      if (person.user !== 'alice' || password.toString() !== PASSWORD) refuse()
      return options.firstStep ?? { kind: 'totp' as const, challenge: 'c1' }
    },
    withPublicKey: async (person: Person, key: Buffer) => {
      fake.keysPassedOn.push(key)
      fake.people.push(person)
      if (person.user !== 'alice' || options.knownKey?.equals(key) !== true) refuse()
      return { kind: 'totp' as const, challenge: 'c1' }
    },
    answerCode: async (_challenge: string, code: string) => (code === CODE ? signedIn : refuse()),
    answerNewPassword: async (_challenge: string, password: Buffer) => {
      fake.newPasswords.push(password.toString())
      return {
        kind: 'totp-enrolment' as const,
        challenge: 'c2',
        uri: 'otpauth://totp/Sallyport:alice?secret=ABC',
      }
    },
    callerTokens: async () => ({ accessControl: 'token-a', vault: 'token-v' }),
    logOut: async () => {
      fake.loggedOut += 1
    },
  }
  return fake
}

export type FakeAccess = Access & {
  verdict: Verdict
  justifications: string[]
  requests: ReturnType<typeof channelOf<AccessRequest>>
  endsAt: Date
  grants: string[]
}

export const pendingRequest: AccessRequest = {
  id: 'req-1',
  state: 'pending',
  approvalsNeeded: 1,
  approvals: 0,
  approverNames: ['carol'],
  comment: '',
  start: undefined,
}

export const fakeAccess = (): FakeAccess => {
  const target: Target = { credentialId: randomUUID(), deviceId: randomUUID(), name: 'root@web-1' }
  const fake: FakeAccess = {
    verdict: { outcome: 'allowed' },
    justifications: [],
    requests: channelOf<AccessRequest>(),
    endsAt: new Date(Date.now() + 3_600_000),
    grants: [],
    resolve: async (): Promise<Resolved> => ({
      target,
      verdict: fake.verdict,
      reasons: ['Group ops denies it'],
    }),
    createRequest: async (_token, _target, justification) => {
      fake.justifications.push(justification)
      if (fake.verdict.outcome === 'approval') return pendingRequest
      fake.verdict = { outcome: 'allowed' }
      return { ...pendingRequest, state: 'approved' }
    },
    watchRequest: () => fake.requests,
    issueGrant: async () => {
      const grantId = randomUUID()
      fake.grants.push(grantId)
      return { statement: `statement of ${grantId}`, grantId, requestId: '', endsAt: fake.endsAt }
    },
  }
  return fake
}

export type FakeRevocations = Revocations & {
  revoke(grantId: string, reason: string): void
  /** Breaks the stream, and lets no new one begin. */
  cut(): void
  bad: Set<string>
  reachable: boolean
}

export const fakeRevocations = (): FakeRevocations => {
  let stream = channelOf<RevocationMessage>()
  let position = 0n
  let isCut = false
  const fake: FakeRevocations = {
    bad: new Set(),
    reachable: true,
    revoke: (grantId, reason) => {
      position += 1n
      fake.bad.add(grantId)
      stream.send({ position, revocation: { grantId, reason } })
    },
    cut: () => {
      isCut = true
      stream.fail(new Error('stream cut'))
    },
    watch: async function* (_after, signal) {
      if (isCut) throw new Error('stream refused')
      stream = channelOf()
      const beat = setInterval(() => stream.send({ position }), 200)
      stream.send({ position })
      signal.addEventListener('abort', () => stream.fail(new Error('aborted')))
      try {
        yield* stream
      } finally {
        clearInterval(beat)
      }
    },
    check: async (_tenantId, ids) => {
      if (!fake.reachable) throw new SallyportError('service.unavailable')
      return {
        good: new Set(ids.filter(id => !fake.bad.has(id))),
        endedReasons: new Map(ids.filter(id => fake.bad.has(id)).map(id => [id, 'It was revoked.'])),
      }
    },
  }
  return fake
}

export type TargetFacts = Omit<Released, 'secret'> & { readonly secretBytes: () => Buffer }

export const fakeVault = (facts: () => TargetFacts): Vault & { released: Secret[] } => {
  const released: Secret[] = []
  return {
    released,
    release: async () => {
      const { secretBytes, ...rest } = facts()
      const secret = Secret.of(secretBytes())
      released.push(secret)
      return { ...rest, secret }
    },
  }
}

export type LedgerEntry = { readonly kind: keyof SessionLedger; readonly what: Record<string, unknown> }

export const fakeLedger = (): SessionLedger & {
  entries: LedgerEntry[]
  broken: boolean
  ends(): Ended[]
} => {
  const entries: LedgerEntry[] = []
  const note = (kind: keyof SessionLedger) => (what: object) => {
    if (fake.broken) throw new SallyportError('service.unavailable')
    entries.push({ kind, what: { ...what } })
  }
  const fake = {
    entries,
    broken: false,
    ends: () => entries.filter(entry => entry.kind === 'ended').map(entry => entry.what as unknown as Ended),
    started: async (facts: object) => note('started')(facts),
    ended: async (_facts: object, end: object) => note('ended')(end),
    refused: async (_visitor: object, refusal: object) => note('refused')(refusal),
    hostKeyMismatch: async (_facts: object, fingerprint: string) => note('hostKeyMismatch')({ fingerprint }),
    featureRefused: async (_visitor: object, feature: string) => note('featureRefused')({ feature }),
  }
  return fake
}

const rootKey = newSealingKey('root-1')

export const recordingKeys: Pick<RootKeyProvider, 'wrap' | 'unwrap'> = {
  wrap: async (material, context) => seal(rootKey, material, context),
  unwrap: async (blob, context) => open(rootKey, blob, context),
}

/** A store in a new folder, which can be told to fail, or to do something before each segment is written. */
export const fakeRecordings = (): RecordingStore & {
  failing: boolean
  beforeAppend: (segment: Buffer) => Promise<void>
} => {
  const store = directoryStore(mkdtempSync(join(tmpdir(), 'sallyport-recordings-')))
  const fake = {
    failing: false,
    beforeAppend: async (_segment: Buffer): Promise<void> => undefined,
    read: store.read,
    salvage: store.salvage,
    probe: async () => {},
    create: async (id: Parameters<RecordingStore['create']>[0]) => {
      if (fake.failing) throw new Error('ENOSPC')
      const sink = await store.create(id)
      return {
        ...sink,
        append: async (segment: Buffer) => {
          if (fake.failing) throw new Error('ENOSPC')
          await fake.beforeAppend(segment)
          await sink.append(segment)
        },
      }
    },
  }
  return fake
}
