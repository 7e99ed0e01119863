import { AuthenticationServiceService } from '@sallyport/contracts/access_control/v1/authentication'
import { createKeyFinder, type KeyFinder } from '@sallyport/identity/verification-keys'
import type { RpcChannel } from '@sallyport/rpc/channel'
import { connectRpc } from '@sallyport/rpc/client'

/** The keys that caller tokens are signed with, from access-control. */
export const verificationKeys = (channel: RpcChannel): KeyFinder => {
  const client = connectRpc(AuthenticationServiceService, channel)
  return createKeyFinder({ fetch: () => client.getVerificationKeys({}), now: () => performance.now() })
}
