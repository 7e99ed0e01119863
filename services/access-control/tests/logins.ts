import { LoginChannel, type LoginStep } from '@sallyport/contracts/access_control/v1/authentication'
import { Secret } from '@sallyport/crypto/secret'
import { totpCode } from '../src/login/totp.ts'
import { totpStepAt } from '../src/domain/totp-step.ts'
import { by, bytes, type Person, type Platform } from './fixtures.ts'

type Account = { tenant: string; userName: string }

export const begin = (platform: Platform, account: Account, password: string, sourceAddress = '192.0.2.1') =>
  platform.as('gateway').authentication.beginLogin({
    ...account,
    password: bytes(password),
    sourceAddress,
    channel: LoginChannel.WEB,
  })

export const answerCode = (
  platform: Platform,
  challenge: string,
  code: string,
  sourceAddress = '192.0.2.1',
) =>
  platform.as('gateway').authentication.continueLogin({
    challenge,
    answer: { $case: 'totpCode', value: code },
    sourceAddress,
  })

export const answerPassword = (platform: Platform, challenge: string, password: string) =>
  platform.as('gateway').authentication.continueLogin({
    challenge,
    answer: { $case: 'newPassword', value: bytes(password) },
    sourceAddress: '192.0.2.1',
  })

type Step = NonNullable<LoginStep['step']>

/** The value of a step, which must be the one that is expected. */
export const stepValue = <C extends Step['$case']>(step: LoginStep | undefined, expected: C): Values[C] => {
  const taken = step?.step
  if (taken?.$case !== expected) throw new Error(`expected ${expected}, got ${taken?.$case}`)
  // The case was compared just above; TypeScript does not narrow a union by a type parameter.
  return taken.value as Values[C]
}

type Values = { [S in Step as S['$case']]: S['value'] }

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const secretOf = (uri: string): Buffer => {
  const text = new URL(uri).searchParams.get('secret') ?? ''
  const bits = Array.from(text, c => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2)))
}

export const codeNow = (platform: Platform, totpSecret: Buffer, offset = 0): string =>
  totpCode(Secret.copyOf(totpSecret), totpStepAt(platform.clock.now()) + offset)

/** A first login: own password, second factor, signed in. */
export const firstLogin = async (platform: Platform, account: Account, initial: string): Promise<Person> => {
  const password = `Pass-of-somebody-${Math.random()}`
  const first = await begin(platform, account, initial)
  const changed = await answerPassword(platform, stepValue(first.step, 'passwordChange').challenge, password)
  const { challenge, uri } = stepValue(changed.step, 'totpEnrolment')
  const totpSecret = secretOf(uri)
  const done = await answerCode(platform, challenge, codeNow(platform, totpSecret))
  return { ...account, password, totpSecret, ...signedIn(done.step) }
}

/** A later login, after the code's step has passed. */
export const login = async (platform: Platform, person: Person): Promise<Person> => {
  platform.clock.advance(30_000)
  const first = await begin(platform, person, person.password)
  const { challenge } = stepValue(first.step, 'totp')
  const done = await answerCode(platform, challenge, codeNow(platform, person.totpSecret))
  return { ...person, ...signedIn(done.step) }
}

const signedIn = (step: LoginStep | undefined): Pick<Person, 'id' | 'tenantId' | 'token' | 'sessionId'> => {
  const value = stepValue(step, 'signedIn')
  return { id: value.userId, tenantId: value.tenantId, token: value.sessionToken, sessionId: value.sessionId }
}

export const firstAdministrator = async (platform: Platform): Promise<Person> => {
  const first = await platform.bootstrap()
  if (!first) throw new Error('bootstrapped already')
  return firstLogin(platform, first, first.password.bytes().toString())
}

/** A new user of the administrator's tenant, logged in. */
export const newPerson = async (
  platform: Platform,
  administrator: Person,
  userName: string,
  roleIds: string[] = [],
): Promise<Person> => {
  const { user, initialPassword } = await platform
    .as('gateway')
    .users.createUser({ userName, displayName: '', email: '', roleIds }, await by(platform, administrator))
  if (!user) throw new Error('no user')
  return firstLogin(platform, { tenant: administrator.tenant, userName }, initialPassword.toString())
}

export const roleId = async (platform: Platform, person: Person, name: string): Promise<string> => {
  const { roles } = await platform
    .as('gateway')
    .roles.listRoles({ page: undefined }, await by(platform, person))
  const role = roles.find(one => one.name === name)
  if (!role) throw new Error(`no role ${name}`)
  return role.id
}
