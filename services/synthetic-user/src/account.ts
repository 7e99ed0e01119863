import type { Api } from '@sallyport/api-client/api'
import { type CodeClock, oneTimeCodes } from '@sallyport/api-client/one-time-codes'
import { signIn } from '@sallyport/api-client/sign-in'
import type { Secret } from '@sallyport/crypto/secret'

/** Somebody who can sign in to the REST API. */
export type Account = {
  /** One that was not given before: it may have to wait for the next half minute. */
  readonly nextCode: () => Promise<string>
  readonly signIn: (code: string) => Promise<Api>
}

type Known = {
  readonly tenant: string
  readonly userName: string
  readonly password: Secret
  /** The second factor, as `otpauth:` URI. */
  readonly totp: Secret
}

export const accountOf = (
  apiUrl: string,
  { tenant, userName, password, totp }: Known,
  { deadlineMs, clock }: { readonly deadlineMs: number; readonly clock?: CodeClock },
): Account => ({
  nextCode: oneTimeCodes(totp.bytes().toString('utf8'), clock),
  signIn: code => {
    const account = { tenant, userName, password: password.bytes().toString('utf8') }
    return signIn(apiUrl, account, async () => code, { deadlineMs })
  },
})
