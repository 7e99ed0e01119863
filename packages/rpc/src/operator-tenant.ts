import { AuthenticationServiceService } from '@sallyport/contracts/access_control/v1/authentication'
import type { RpcChannel } from './channel.ts'
import { connectRpc } from './client.ts'

/** The tenant of whoever operates the installation, asked of access-control once; undefined while it cannot say. */
export const operatorTenant = (channel: RpcChannel): (() => Promise<string | undefined>) => {
  const client = connectRpc(AuthenticationServiceService, channel)
  let known: string | undefined
  return async () => {
    known ??= (await client.getVerificationKeys({}).catch(() => undefined))?.operatorTenantId || undefined
    return known
  }
}
