import { LoginChannel } from '@sallyport/contracts/access_control/v1/authentication'
import { setTimeout } from 'node:timers/promises'
import { counted, figure, isNightly } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fastHasher } from './fast-hasher.ts'
import { bytes, codeOf, type Person, type Platform, startPlatform } from './fixtures.ts'
import { answerCode, begin, codeNow, firstAdministrator, login, newPerson, stepValue } from './logins.ts'

let platform: Platform
let admin: Person

beforeAll(async () => {
  platform = await startPlatform({ hasher: fastHasher })
  admin = await firstAdministrator(platform)
})
afterAll(() => platform[Symbol.asyncDispose]())

/** The ways in: the gateway and the SSH door ask the same service. */
const doors = [
  { service: 'gateway', channel: LoginChannel.WEB },
  { service: 'session-proxy', channel: LoginChannel.SSH },
] as const

type Door = (typeof doors)[number]

/** Each service has a budget for logins, and then has to wait. */
const paced = <T>(call: () => Promise<T>): Promise<T> =>
  call().catch(async (failure: unknown) => {
    if (!(failure instanceof Error && 'reason' in failure && failure.reason === 'request.too_many'))
      throw failure
    await setTimeout(100)
    return paced(call)
  })

const challengeAt = async ({ service, channel }: Door, person: Person, sourceAddress = '192.0.2.1') => {
  const { tenant, userName } = person
  const { authentication } = platform.as(service)
  const attempt = { tenant, userName, sourceAddress, channel }
  const { step } = await paced(() =>
    authentication.beginLogin({ ...attempt, password: bytes(person.password) }),
  )
  return stepValue(step, 'totp').challenge
}

const answerAt = ({ service }: Door, challenge: string, code: string): Promise<string> =>
  codeOf(
    paced(() =>
      platform.as(service).authentication.continueLogin({
        challenge,
        answer: { $case: 'totpCode', value: code },
        sourceAddress: '192.0.2.1',
      }),
    ),
  )

/** The same digits, written otherwise. */
const variantsOf = (code: string): string[] => {
  const digits = (zero: number): string =>
    Array.from(code, digit => String.fromCodePoint(zero + Number(digit))).join('')
  return [
    `${code} `,
    ` ${code}`,
    `${code.slice(0, 3)} ${code.slice(3)}`,
    `${code}\n`,
    `+${code}`,
    `${code}.0`,
    `0${code}`,
    `${code}\u200b`,
    `\ufeff${code}`,
    // Arabic-Indic, Devanagari, fullwidth, mathematical bold
    ...[0x0660, 0x0966, 0xff10, 0x1d7ce].map(digits),
  ]
}

describe('S-AU-02: a one-time code', { timeout: isNightly ? 1_800_000 : 60_000 }, () => {
  it('that comes at once by REST and by SSH is accepted once', async () => {
    const people = await Promise.all(
      ['eve', 'fay', 'gus', 'hal'].map(name => newPerson(platform, admin, name)),
    )
    const races = counted(10_000, 100)
    const accepted = { once: 0, otherwise: 0 }
    const race = async (person: Person): Promise<void> => {
      const challenges = await Promise.all(doors.map(door => challengeAt(door, person)))
      const code = codeNow(platform, person.totpSecret)
      const answers = await Promise.all(
        doors.map((door, index) => answerAt(door, challenges[index] ?? '', code)),
      )
      const isOnce = answers.toSorted().join() === 'done,login.failed'
      accepted[isOnce ? 'once' : 'otherwise'] += 1
    }
    for (let done = 0; done < races; done += people.length) {
      // A new code for everybody; and last race's loser is one failure, which must not add up to a lock-out.
      platform.clock.advance(900_000)
      await Promise.all(people.map(race))
    }
    expect(accepted).toEqual({ once: races, otherwise: 0 })
    figure('S-AU-02', `${races} races of REST against SSH, each code accepted once`)
  })

  it('is six ASCII digits, and nothing that somebody could call the same', async () => {
    const ida = await newPerson(platform, await login(platform, admin), 'ida')
    for (const door of doors) {
      platform.clock.advance(900_000)
      const code = codeNow(platform, ida.totpSecret)
      for (const variant of variantsOf(code)) {
        const challenge = await challengeAt(door, ida, `198.51.100.${variantsOf(code).indexOf(variant)}`)
        expect(await answerAt(door, challenge, variant), JSON.stringify(variant)).toBe('login.failed')
        await platform.database.adminPool.query('delete from access_control.login_failures')
      }
      expect(await answerAt(door, await challengeAt(door, ida), code)).toBe('done')
      for (const again of doors) {
        expect(await answerAt(again, await challengeAt(again, ida), code)).toBe('login.failed')
      }
    }
  })

  it('takes each code once, even when it comes twice at the same time', async () => {
    const eve = await newPerson(platform, await login(platform, admin), 'emma')
    platform.clock.advance(30_000)
    const challenges = await Promise.all(
      Array.from(
        { length: 4 },
        async () => stepValue((await begin(platform, eve, eve.password)).step, 'totp').challenge,
      ),
    )
    const code = codeNow(platform, eve.totpSecret)
    const answers = await Promise.all(
      challenges.map(challenge => codeOf(answerCode(platform, challenge, code))),
    )
    expect(answers.filter(answer => answer === 'done')).toHaveLength(1)
    expect(answers.filter(answer => answer === 'login.failed')).toHaveLength(3)
  })

  it('refuses an older code after a newer one, and one of two steps ago', async () => {
    const old = await newPerson(platform, await login(platform, admin), 'old')
    platform.clock.advance(120_000)
    const answer = async (offset: number): Promise<string> => {
      const { challenge } = stepValue((await begin(platform, old, old.password)).step, 'totp')
      return codeOf(answerCode(platform, challenge, codeNow(platform, old.totpSecret, offset)))
    }
    expect(await answer(-2)).toBe('login.failed')
    expect(await answer(0)).toBe('done')
    expect(await answer(-1)).toBe('login.failed')
  })
})
