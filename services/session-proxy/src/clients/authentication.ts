import type { RpcClient } from '@sallyport/rpc/client'
import { SallyportError } from '@sallyport/errors/error'
import {
  type AuthenticationServiceService,
  LoginChannel,
  type LoginStep as WireStep,
} from '@sallyport/contracts/access_control/v1/authentication'

/** What a person must do next to sign in, or who signed in. */
export type LoginStep =
  | { readonly kind: 'password-change'; readonly challenge: string }
  | { readonly kind: 'totp-enrolment'; readonly challenge: string; readonly uri: string }
  | { readonly kind: 'totp'; readonly challenge: string }
  | { readonly kind: 'signed-in'; readonly login: SignedIn }

export type SignedIn = {
  readonly sessionToken: string
  readonly loginSessionId: string
  readonly tenantId: string
  readonly userId: string
  readonly userName: string
}

/** The tokens that prove to other services on whose behalf the proxy calls. They last a minute. */
export type CallerTokens = { readonly accessControl: string; readonly vault: string }

export type Person = { readonly tenant: string; readonly user: string; readonly sourceAddress: string }

export type Authentication = {
  withPassword(person: Person, password: Buffer): Promise<LoginStep>
  /** Only with a key whose possession was proved on this connection. */
  withPublicKey(person: Person, publicKey: Buffer): Promise<LoginStep>
  answerCode(challenge: string, code: string, sourceAddress: string): Promise<LoginStep>
  answerNewPassword(challenge: string, newPassword: Buffer, sourceAddress: string): Promise<LoginStep>
  callerTokens(sessionToken: string, sourceAddress: string): Promise<CallerTokens>
  logOut(callerToken: string): Promise<void>
}

type Client = Pick<
  RpcClient<typeof AuthenticationServiceService>,
  'beginLogin' | 'beginPublicKeyLogin' | 'continueLogin' | 'authenticate' | 'logOut'
>

export const authenticationOf = (client: Client): Authentication => ({
  withPassword: async ({ tenant, user, sourceAddress }, password) => {
    const request = { tenant, userName: user, password, sourceAddress, channel: LoginChannel.SSH }
    return stepOf((await client.beginLogin(request)).step)
  },
  withPublicKey: async ({ tenant, user, sourceAddress }, publicKey) => {
    const request = { tenant, userName: user, publicKey, sourceAddress }
    return stepOf((await client.beginPublicKeyLogin(request)).step)
  },
  answerCode: async (challenge, totpCode, sourceAddress) => {
    const answer = { $case: 'totpCode', value: totpCode } as const
    return stepOf((await client.continueLogin({ challenge, answer, sourceAddress })).step)
  },
  answerNewPassword: async (challenge, newPassword, sourceAddress) => {
    const answer = { $case: 'newPassword', value: newPassword } as const
    return stepOf((await client.continueLogin({ challenge, answer, sourceAddress })).step)
  },
  callerTokens: async (token, sourceAddress) => {
    const audiences = ['access-control', 'vault']
    const { callerTokens } = await client.authenticate({ token, audiences, sourceAddress })
    const accessControl = callerTokens['access-control']
    const vault = callerTokens['vault']
    if (!accessControl || !vault) throw new SallyportError('caller.unauthenticated')
    return { accessControl, vault }
  },
  logOut: async callerToken => {
    await client.logOut({}, { callerToken })
  },
})

/** A step that this version does not know is no sign-in. */
const stepOf = (wire: WireStep | undefined): LoginStep => {
  const step = wire?.step
  switch (step?.$case) {
    case 'passwordChange':
      return { kind: 'password-change', challenge: step.value.challenge }
    case 'totpEnrolment':
      return { kind: 'totp-enrolment', challenge: step.value.challenge, uri: step.value.uri }
    case 'totp':
      return { kind: 'totp', challenge: step.value.challenge }
    case 'signedIn': {
      const { sessionToken, sessionId, tenantId, userId, userName } = step.value
      return {
        kind: 'signed-in',
        login: { sessionToken, loginSessionId: sessionId, tenantId, userId, userName },
      }
    }
    case undefined:
    default:
      throw new SallyportError('caller.unauthenticated')
  }
}
