import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { TOTP, URI } from 'otpauth'
import { type Api, connectApi } from '../api.ts'

type LoginStep =
  | { step: 'password-change' | 'totp'; challenge: string }
  | { step: 'totp-enrolment'; challenge: string; uri: string }
  | { step: 'signed-in'; token: string; userId: string; sessionId: string }

/** Somebody who has signed in, with what they know and own. */
export type Person = {
  readonly api: Api
  readonly userId: string
  readonly userName: string
  readonly password: string
  /** The second factor, as `otpauth:` URI. */
  readonly totpUri: string
  /** A one-time code that was not used yet. No code is accepted twice, so it may have to wait for the next one. */
  readonly nextCode: () => Promise<string>
}

type Account = { readonly tenant?: string; readonly userName: string; readonly initialPassword: string }

/** Signs in for the first time: changes the password, enrols the second factor. */
export const signInFirst = async (baseUrl: string, account: Account): Promise<Person> => {
  const anonymous = connectApi(baseUrl)
  const password = randomBytes(18).toString('base64url')
  const transport = 'token'
  let codes: (() => Promise<string>) | undefined
  let totpUri = ''
  let step = await anonymous.post<LoginStep>('/login', {
    tenant: account.tenant ?? 'default',
    userName: account.userName,
    password: account.initialPassword,
    transport,
  })
  while (step.step !== 'signed-in') {
    if (step.step === 'totp-enrolment') {
      totpUri = step.uri
      codes = codesOf(totpUri)
    }
    const answer = step.step === 'password-change' ? { newPassword: password } : { totpCode: await codes?.() }
    step = await anonymous.post<LoginStep>('/login/continue', {
      challenge: step.challenge,
      ...answer,
      transport,
    })
  }
  if (!codes) throw new Error(`${account.userName} signed in without a second factor`)
  const { token, userId } = step
  return {
    api: connectApi(baseUrl, token),
    userId,
    userName: account.userName,
    password,
    totpUri,
    nextCode: codes,
  }
}

/** Signs in again, with everything known. */
export const signInAgain = async (person: Person, tenant = 'default'): Promise<Api> => {
  const anonymous = connectApi(person.api.baseUrl)
  const { userName, password } = person
  const first = await anonymous.post<LoginStep>('/login', { tenant, userName, password, transport: 'token' })
  if (first.step !== 'totp') throw new Error(`Expected to be asked for a code, not ${first.step}`)
  const answer = { challenge: first.challenge, totpCode: await person.nextCode(), transport: 'token' }
  const done = await anonymous.post<LoginStep>('/login/continue', answer)
  if (done.step !== 'signed-in') throw new Error(`Expected to be signed in, not ${done.step}`)
  return connectApi(person.api.baseUrl, done.token)
}

/** Codes of an otpauth URI. The server takes the one of the next half minute too, which saves half of the waits. */
const codesOf = (uri: string): (() => Promise<string>) => {
  const totp = URI.parse(uri)
  if (!(totp instanceof TOTP)) throw new Error('The enrolment is not for time-based codes')
  const periodMs = totp.period * 1000
  let last = 0
  return async () => {
    const counter = Math.max(Math.floor(Date.now() / periodMs), last + 1)
    last = counter
    await setTimeout(Math.max(0, (counter - 1) * periodMs - Date.now()))
    return totp.generate({ timestamp: counter * periodMs })
  }
}
