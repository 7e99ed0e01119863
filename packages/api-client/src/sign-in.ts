import { type Api, type ApiOptions, connectApi } from './api.ts'

/** What a sign-in asks for next, or what it gives. */
export type LoginStep =
  | { step: 'password-change' | 'totp'; challenge: string }
  | { step: 'totp-enrolment'; challenge: string; uri: string }
  | { step: 'signed-in'; token: string; userId: string; sessionId: string }

type Account = { readonly tenant: string; readonly userName: string; readonly password: string }

/**
 * Signs in somebody whose password and second factor are set up.
 * @throws ApiProblem when refused; Error when something else is asked for
 */
export const signIn = async (
  baseUrl: string,
  account: Account,
  nextCode: () => Promise<string>,
  options: ApiOptions = {},
): Promise<Api> => {
  const anonymous = connectApi(baseUrl, undefined, options)
  const transport = 'token'
  const first = await anonymous.post<LoginStep>('/login', { ...account, transport })
  if (first.step !== 'totp') throw new Error(`Expected to be asked for a code, not ${first.step}`)
  const answer = { challenge: first.challenge, totpCode: await nextCode(), transport }
  const done = await anonymous.post<LoginStep>('/login/continue', answer)
  if (done.step !== 'signed-in') throw new Error(`Expected to be signed in, not ${done.step}`)
  return connectApi(baseUrl, done.token, options)
}
