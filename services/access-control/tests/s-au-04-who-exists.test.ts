import { LoginChannel } from '@sallyport/contracts/access_control/v1/authentication'
import { SallyportError } from '@sallyport/errors/error'
import { counted, figure, isNightly } from '@sallyport/testing/proof'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createPasswordHasher } from '../src/login/password-hash.ts'
import { fastHasher } from './fast-hasher.ts'
import { by, bytes, type Person, type Platform, startPlatform } from './fixtures.ts'
import { begin, firstAdministrator, newPerson } from './logins.ts'
import { differenceOf, measured } from './welch.ts'

const noEvidence = 4.5

let platform: Platform
let admin: Person
let ann: Person
let off: Person

beforeAll(async () => {
  platform = await startPlatform({ hasher: fastHasher })
  admin = await firstAdministrator(platform)
  ann = await newPerson(platform, admin, 'ann')
  off = await newPerson(platform, admin, 'off')
  await disable(off)
})
afterAll(() => platform[Symbol.asyncDispose]())

const disable = async ({ id }: Person): Promise<void> => {
  const options = await by(platform, admin)
  const { users } = platform.as('gateway')
  const { user } = await users.getUser({ id }, options)
  await users.updateUser({ id, version: user?.version ?? 0, disabled: true }, options)
}

const forgetFailures = (): Promise<unknown> =>
  platform.database.adminPool.query('delete from access_control.login_failures')

const nobody = { tenant: 'default', userName: 'bea' }
const strangers = { tenant: 'no-such-tenant', userName: 'ann' }
const publicKey = Buffer.concat([bytes('\0\0\0\x0bssh-ed25519\0\0\0\x20'), Buffer.alloc(32, 7)])

let turn = 0
type Account = { tenant: string; userName: string }

/** By the gateway and the SSH door in turn: each has a budget for logins. */
const byPassword = async ({ tenant, userName }: Account): Promise<unknown> => {
  turn += 1
  const service = turn % 2 === 0 ? 'gateway' : 'session-proxy'
  const attempt = { tenant, userName, sourceAddress: '198.51.100.1', channel: LoginChannel.SSH }
  return refusalOf(platform.as(service).authentication.beginLogin({ ...attempt, password: bytes('wrong') }))
}

const byKey = ({ tenant, userName }: Account): Promise<unknown> =>
  refusalOf(
    platform.as('session-proxy').authentication.beginPublicKeyLogin({
      tenant,
      userName,
      publicKey,
      sourceAddress: '198.51.100.1',
    }),
  )

/** All that a client is told. */
const refusalOf = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work
    return 'done'
  } catch (thrown) {
    const { reason, code, message, metadata } = SallyportError.from(thrown)
    return { reason, code, message, metadata }
  }
}

/** The texts of all statements that the service makes for a try, in order. */
const statementsOf = async (attempt: () => Promise<unknown>): Promise<string[]> => {
  using spy = vi.spyOn(pg.Client.prototype, 'query')
  await attempt()
  // The service's background work has a role of its own.
  const { username } = new URL(platform.database.url('app'))
  const ours = spy.mock.calls.filter((_, n) => userOf(spy.mock.contexts[n]) === username)
  return ours.map(([query]: readonly unknown[]) => textOf(query))
}

const userOf = (client: unknown): unknown => (client instanceof pg.Client ? client.user : undefined)
const textOf = (query: unknown): string =>
  typeof query === 'object' && query !== null && 'text' in query ? String(query.text) : String(query)

describe('S-AU-04: nobody learns who exists', { timeout: isNightly ? 900_000 : 60_000 }, () => {
  it('from an answer: a wrong password, no such user or tenant, a locked and a disabled account are alike', async () => {
    const wrong = await byPassword(ann)
    expect(wrong).toMatchObject({ reason: 'login.failed', metadata: {} })
    for (const account of [nobody, strangers, { tenant: 'default', userName: '\0 [x]' }]) {
      expect(await byPassword(account)).toEqual(wrong)
      expect(await byKey(account)).toEqual(wrong)
    }
    expect(await refusalOf(begin(platform, off, off.password))).toEqual(wrong)
    for (let tries = 0; tries < 6; tries++) await byPassword(ann)
    expect(await refusalOf(begin(platform, ann, 'wrong', '198.51.100.2'))).toEqual(wrong)
    expect(await byKey(ann)).toEqual(wrong)
  })

  it.each([
    ['a password', byPassword],
    ['a key', byKey],
  ] as const)(
    'from what is done: %s of anybody takes the same statements in the same order',
    async (_, tryAt) => {
      await forgetFailures()
      const expected = await statementsOf(() => tryAt(ann))
      expect(expected.length).toBeGreaterThan(10)
      for (const account of [nobody, strangers, off]) {
        await forgetFailures()
        expect(await statementsOf(() => tryAt(account))).toEqual(expected)
      }
      for (let tries = 0; tries < 6; tries++) await byPassword(ann)
      expect(await statementsOf(() => tryAt(ann))).toEqual(expected)
    },
  )

  it('from the time that a hash takes, which is spent on nobody too', async () => {
    const hasher = await createPasswordHasher()
    const stored = await hasher.hash(bytes('the right one'))
    const count = counted(1_000, 30)
    const samples = await measured(count, [
      () => hasher.verify(stored, bytes('a wrong one')),
      () => hasher.verify(undefined, bytes('a wrong one')),
    ])
    const t = differenceOf(samples)
    expect(t).toBeLessThan(noEvidence)
    figure('S-AU-04', `${2 * count} hashes, |t| = ${t.toFixed(2)} between somebody and nobody`)
  })

  it.each([
    ['no such user', byPassword, nobody],
    ['no such tenant', byPassword, strangers],
    ['no such user with a key', byKey, nobody],
  ] as const)('from the time of everything else: %s', async (what, tryAt, other) => {
    const count = counted(4_000, 60)
    // Each try is the first: what is compared is not a lock-out.
    const samples = await measured(count, [() => tryAt(ann), () => tryAt(other)], forgetFailures)
    const t = differenceOf(samples)
    expect(t).toBeLessThan(noEvidence)
    figure('S-AU-04', `${2 * count} logins, |t| = ${t.toFixed(2)} between a wrong password and ${what}`)
  })
})
