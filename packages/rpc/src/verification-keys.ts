import { AuthenticationServiceService } from '@sallyport/contracts/access_control/v1/authentication'
import { createKeyFinder, type KeyFinder } from '@sallyport/identity/verification-keys'
import type { RpcChannel } from './channel.ts'
import { connectRpc } from './client.ts'

/** Finds the public keys of caller tokens and grants by asking access-control, on a channel to it. */
export const verificationKeys = (channel: RpcChannel): KeyFinder => {
  const client = connectRpc(AuthenticationServiceService, channel)
  return createKeyFinder({ fetch: () => client.getVerificationKeys({}), now: () => performance.now() })
}
