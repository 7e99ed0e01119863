import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { exportJWK, importPKCS8 } from 'jose'
import type { EventDriver } from '@sallyport/events/driver'
import type { EventRecord } from '@sallyport/events/event-record'
import type { SigningKey } from '@sallyport/identity/statement'
import type { AccessControl, Revocation } from '../src/clients/access-control.ts'

/** A signing key and its public half as a JSON Web Key Set. */
export type TestKey = { signing: SigningKey; keySet: string }

export const makeKey = async (id: string): Promise<TestKey> => {
  const pair = generateKeyPairSync('ed25519')
  return {
    signing: { id, privateKey: await privateKeyOf(pair.privateKey) },
    keySet: await setOf(id, pair.publicKey),
  }
}

const privateKeyOf = (key: KeyObject) =>
  importPKCS8(key.export({ format: 'pem', type: 'pkcs8' }).toString(), 'EdDSA')

const setOf = async (kid: string, key: KeyObject): Promise<string> =>
  JSON.stringify({ keys: [{ ...(await exportJWK(key)), kid }] })

/** access-control as vault sees it: every grant is good until it is revoked. */
export type FakeAccessControl = AccessControl & {
  readonly revoke: (revocation: Revocation) => void
  /** Whether the stream and CheckGrants can be reached. */
  reachable: { stream: boolean; check: boolean }
  readonly checks: () => number
}

export const fakeAccessControl = (callerKey: TestKey, grantKey: TestKey): FakeAccessControl => {
  const revocations: Revocation[] = []
  const reachable = { stream: true, check: true }
  let checks = 0
  return {
    reachable,
    checks: () => checks,
    revoke: revocation => {
      revocations.push(revocation)
    },
    verificationKeys: async () => ({ callerTokenKeys: callerKey.keySet, grantKeys: grantKey.keySet }),
    goodGrants: async (_tenantId, ids) => {
      checks += 1
      if (!reachable.check) throw new Error('access-control is away')
      return ids.filter(id => !revocations.some(({ grantId }) => grantId === id))
    },
    watchRevocations: async function* (after, signal) {
      let position = Number(after)
      while (!signal.aborted) {
        if (!reachable.stream) throw new Error('access-control is away')
        const revocation = revocations[position]
        if (revocation) position += 1
        yield { position: BigInt(position), revocation }
        if (!revocation) await pause(20, undefined, { signal }).catch(() => undefined)
      }
    },
  }
}

/** A driver that keeps what is published, and delivers what a test gives it. */
export type FakeDriver = EventDriver & {
  readonly published: EventRecord[]
  readonly deliver: (record: EventRecord) => Promise<void>
}

export const fakeDriver = (): FakeDriver => {
  const published: EventRecord[] = []
  const handlers: ((records: readonly EventRecord[]) => Promise<void>)[] = []
  return {
    published,
    deliver: async record => {
      for (const handle of handlers) await handle([record])
    },
    publish: async records => {
      published.push(...records)
    },
    subscribe: async ({ handle, signal }) => {
      handlers.push(handle)
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    },
    probe: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}
