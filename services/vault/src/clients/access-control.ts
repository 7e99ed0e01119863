import { GrantServiceService } from '@sallyport/contracts/access_control/v1/access'
import { AuthenticationServiceService } from '@sallyport/contracts/access_control/v1/authentication'
import { type RpcChannel } from '@sallyport/rpc/channel'
import { connectRpc } from '@sallyport/rpc/client'

/** A grant that ended before its time. */
export type Revocation = { tenantId: string; grantId: string; reason: string }

/** What vault needs of access-control. */
export type AccessControl = {
  /** Its public keys, as JSON Web Key Sets. */
  readonly verificationKeys: () => Promise<{ callerTokenKeys: string; grantKeys: string }>
  /** Revocations after a position (0: from now on), and a heartbeat about each second. */
  readonly watchRevocations: (
    afterPosition: bigint,
    signal: AbortSignal,
  ) => AsyncIterable<{ position: bigint; revocation: Revocation | undefined }>
  /** Those of the given grants that still hold. */
  readonly goodGrants: (tenantId: string, grantIds: readonly string[]) => Promise<readonly string[]>
}

/** A person waits for the answer, and a refusal is safe. */
const CHECK_DEADLINE_MS = 2_000

export const connectAccessControl = (channel: RpcChannel): AccessControl => {
  const grants = connectRpc(GrantServiceService, channel)
  const authentication = connectRpc(AuthenticationServiceService, channel)
  return {
    verificationKeys: () => authentication.getVerificationKeys({}),
    watchRevocations: (afterPosition, signal) => grants.watchRevocations({ afterPosition }, { signal }),
    goodGrants: async (tenantId, grantIds) => {
      const answer = await grants.checkGrants(
        { tenantId, grantIds: [...grantIds] },
        { deadlineMs: CHECK_DEADLINE_MS },
      )
      return answer.goodGrantIds
    },
  }
}
