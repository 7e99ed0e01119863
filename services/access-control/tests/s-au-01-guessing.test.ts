import { LoginChannel } from '@sallyport/contracts/access_control/v1/authentication'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure, isNightly } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fastHasher } from './fast-hasher.ts'
import { auditEvents, by, bytes, codeOf, type Person, type Platform, startPlatform } from './fixtures.ts'
import { answerCode, begin, firstAdministrator, login, newPerson, stepValue } from './logins.ts'

const windowMs = 15 * 60_000
const triesPerWindow = 5
const sourceTries = 20
/** As many machines as an attacker may have. */
const sources = Array.from({ length: 100 }, (_, n) => `127.0.0.${n + 1}`)

let platform: Platform
let admin: Person

beforeAll(async () => {
  platform = await startPlatform({ hasher: fastHasher })
  admin = await firstAdministrator(platform)
})
afterAll(() => platform[Symbol.asyncDispose]())

/** How many tries had their password looked at so far: all others were refused whatever they guessed. */
const lookedAt = async (tries: number, source?: string): Promise<number> => {
  const events = await auditEvents(platform, 'login.failed', tries)
  const looked = events.filter(({ details }) =>
    ['wrong-password', 'unknown'].includes(details['reason'] ?? ''),
  )
  return looked.filter(({ actor }) => source === undefined || actor?.sourceAddress === source).length
}

/** When it was that tries were looked at, by the service's clock. */
const timesOf = () => {
  const times: number[] = []
  return {
    times,
    note: (looked: number): void => {
      const at = platform.clock.now().getTime()
      for (let more = looked - times.length; more > 0; more--) times.push(at)
    },
  }
}

/** How many at most fall into fifteen minutes. */
const mostInWindow = (times: readonly number[]): number =>
  Math.max(0, ...times.map(from => times.filter(at => at >= from && at < from + windowMs).length))

const spellings = (name: string): fc.Arbitrary<string> =>
  fc
    .tuple(...Array.from(name, letter => fc.constantFrom(letter, letter.toUpperCase(), wide(letter))))
    .map(all => all.join(''))
const wide = (letter: string): string => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)

/** Through the gateway and the SSH door in turn: each service has a budget for logins, and then has to wait. */
const guess = (
  at: { tenant: string; userName: string },
  sourceAddress: string,
  n: number,
): Promise<string> => {
  const [service, channel] =
    n % 2 === 0 ? (['gateway', LoginChannel.WEB] as const) : (['session-proxy', LoginChannel.SSH] as const)
  const { tenant, userName } = at
  const attempt = { tenant, userName, sourceAddress, channel }
  return eventually(async () => {
    // The password is zeroed by who gets it.
    const password = bytes('a guess')
    const code = await codeOf(platform.as(service).authentication.beginLogin({ ...attempt, password }))
    return code !== 'request.too_many' && code
  }, 60_000)
}

describe('S-AU-01: guessing passwords', { timeout: isNightly ? 900_000 : 60_000 }, () => {
  it('of one account from a hundred addresses, in every spelling, gives five tries in fifteen minutes', async () => {
    const victim = await newPerson(platform, admin, 'victim')
    const tries = counted(10_000, 300)
    const guesses = fc.sample(
      fc.tuple(fc.constantFrom(...sources), spellings('victim'), fc.nat(9_000)),
      tries,
    )
    const { times, note } = timesOf()
    let shutOut = 0
    for (let from = 0; from < tries; from += 20) {
      const burst = guesses.slice(from, from + 20)
      const answers = await Promise.all(
        burst.map(([source, userName], n) => guess({ ...victim, userName }, source, n)),
      )
      expect(new Set(answers)).toEqual(new Set(['login.failed']))
      note(await lookedAt(from + burst.length))
      platform.clock.advance(burst.reduce((sum, [, , pause]) => sum + pause, 0))
      // The victim works on, where he always does.
      if (from % 100 === 0) shutOut += (await codeOf(login(platform, victim))) === 'done' ? 0 : 1
    }
    const most = mostInWindow(times)
    expect(times.length).toBeGreaterThan(triesPerWindow)
    expect(most).toBe(triesPerWindow)
    expect(shutOut).toBe(0)
    figure(
      'S-AU-01',
      `${tries} tries from ${sources.length} addresses, at most ${most} looked at in 15 minutes, victim shut out ${shutOut} times`,
    )
  })

  it('of many accounts from one address is stopped after twenty', async () => {
    const source = '203.0.113.66'
    const accounts = counted(2_000, 40)
    const before = (await auditEvents(platform, 'login.failed', 0)).length
    const { times, note } = timesOf()
    for (let n = 0; n < accounts; n++) {
      platform.clock.advance(11_000)
      await guess({ tenant: 'default', userName: `sprayed-${n}` }, source, n)
      note(await lookedAt(before + n + 1, source))
    }
    const most = mostInWindow(times)
    expect(times.length).toBeGreaterThanOrEqual(sourceTries)
    expect(most).toBeLessThanOrEqual(sourceTries)
    const events = await auditEvents(platform, 'user.locked')
    expect(events.some(event => event.details['scope'] === 'source')).toBe(true)
    // Whoever else is behind that address has to wait too; elsewhere nobody has.
    admin = await login(platform, admin)
    const sam = await newPerson(platform, admin, 'sam')
    platform.clock.advance(30_000)
    expect(await codeOf(begin(platform, sam, sam.password, source))).toBe('login.failed')
    expect(await codeOf(begin(platform, sam, sam.password, '203.0.113.67'))).toBe('done')
    figure('S-AU-01', `${accounts} accounts tried from one address, at most ${most} looked at in 15 minutes`)
  })

  it('from all addresses of one IPv6 network counts as one source', async () => {
    for (let n = 0; n < sourceTries; n++) {
      platform.clock.advance(11_000)
      await guess({ tenant: 'default', userName: `netted-${n}` }, `2001:db8::${n + 1}`, n)
    }
    const nora = await newPerson(platform, await login(platform, admin), 'nora')
    platform.clock.advance(30_000)
    expect(await codeOf(begin(platform, nora, nora.password, '2001:db8::ffff'))).toBe('login.failed')
    expect(await codeOf(begin(platform, nora, nora.password, '2001:db8:1::ffff'))).toBe('done')
  })

  it('locks after five tries, holds against the right password, ends, and can be lifted', async () => {
    const lou = await newPerson(platform, await login(platform, admin), 'lou')
    const tries: string[] = []
    for (let n = 0; n < 5; n++) {
      platform.clock.advance(11_000)
      tries.push(await codeOf(begin(platform, lou, 'wrong', `203.0.113.${n}`)))
    }
    expect(new Set(tries)).toEqual(new Set(['login.failed']))
    expect(await codeOf(begin(platform, lou, lou.password, '203.0.113.9'))).toBe('login.failed')
    // Another spelling is the same account.
    expect(await codeOf(begin(platform, { ...lou, userName: 'ＬＯＵ' }, lou.password, '203.0.113.9'))).toBe(
      'login.failed',
    )
    await eventually(async () =>
      (await auditEvents(platform, 'user.locked')).some(event => event.details['username'] === 'lou'),
    )
    const options = await by(platform, await login(platform, admin))
    const { user } = await platform.as('gateway').users.getUser({ id: lou.id }, options)
    expect(user?.lockedUntil).toBeDefined()
    await platform.as('gateway').users.unlockUser({ id: lou.id }, options)
    expect(await codeOf(begin(platform, lou, lou.password, '203.0.113.9'))).toBe('done')
  })

  it('looks at no more than five of many tries at once', async () => {
    const max = await newPerson(platform, await login(platform, admin), 'max')
    await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        codeOf(begin(platform, max, `guess ${n}`, `198.51.100.${n + 50}`)),
      ),
    )
    const events = await auditEvents(platform, 'login.failed')
    const looked = events.filter(
      event => event.details['username'] === 'max' && event.details['reason'] === 'wrong-password',
    )
    expect(looked.length).toBeLessThanOrEqual(5)
  })

  it('counts wrong codes like wrong passwords', async () => {
    const tom = await newPerson(platform, await login(platform, admin), 'tom')
    for (let n = 0; n < 5; n++) {
      platform.clock.advance(31_000)
      const { challenge } = stepValue(
        (await begin(platform, tom, tom.password, `203.0.113.${n}`)).step,
        'totp',
      )
      expect(await codeOf(answerCode(platform, challenge, '000000', `203.0.113.${n}`))).toBe('login.failed')
    }
    expect(await codeOf(begin(platform, tom, tom.password, '203.0.113.9'))).toBe('login.failed')
  })
})
