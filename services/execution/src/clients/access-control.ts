import type { GrantServiceService } from '@sallyport/contracts/access_control/v1/access'
import type { RpcClient } from '@sallyport/rpc/client'

/** What one attempt wants to use. */
export type GrantWish = {
  tenantId: string
  operationId: string
  attemptId: string
  credentialId: string
  deviceId: string
}

/** What execution asks of the service that decides. */
export type Access = {
  /** A signed statement for vault, good for one attempt. */
  grantForAttempt(wish: GrantWish, signal: AbortSignal): Promise<string>
}

type Client = Pick<RpcClient<typeof GrantServiceService>, 'issueOperationGrant'>

export const accessOf = (client: Client): Access => ({
  grantForAttempt: async (wish, signal) => (await client.issueOperationGrant(wish, { signal })).statement,
})
