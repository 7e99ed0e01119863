import { randomBytes } from 'node:crypto'
import { type Api, connectApi } from '@sallyport/api-client/api'
import { oneTimeCodes } from '@sallyport/api-client/one-time-codes'
import { type LoginStep, signIn } from '@sallyport/api-client/sign-in'

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
      codes = oneTimeCodes(totpUri)
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
export const signInAgain = (person: Person, tenant = 'default'): Promise<Api> => {
  const { api, userName, password, nextCode } = person
  return signIn(api.baseUrl, { tenant, userName, password }, nextCode)
}
