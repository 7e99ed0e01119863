import { GrantServiceService, RequestServiceService } from '@sallyport/contracts/access_control/v1/access'
import { AuthenticationServiceService } from '@sallyport/contracts/access_control/v1/authentication'
import { SecretServiceService } from '@sallyport/contracts/vault/v1/secrets'
import type { KeyFinder } from '@sallyport/identity/verification-keys'
import type { RpcChannel } from '@sallyport/rpc/channel'
import { connectRpc } from '@sallyport/rpc/client'
import { operatorTenant } from '@sallyport/rpc/operator-tenant'
import { verificationKeys } from '@sallyport/rpc/verification-keys'
import { type Access, accessOf } from './access.ts'
import { type Authentication, authenticationOf } from './authentication.ts'
import { type Revocations, revocationsOf } from './revocations.ts'
import { type Vault, vaultOf } from './vault.ts'

/** What this service needs of others. */
export type Upstreams = {
  readonly authentication: Authentication
  readonly access: Access
  readonly revocations: Revocations
  readonly vault: Vault
  /** The keys that caller tokens are signed with. */
  readonly keys: KeyFinder
  readonly operatorTenant: () => Promise<string | undefined>
}

export const connectUpstreams = (accessControl: RpcChannel, vault: RpcChannel): Upstreams => {
  const authentication = connectRpc(AuthenticationServiceService, accessControl)
  const grants = connectRpc(GrantServiceService, accessControl)
  return {
    authentication: authenticationOf(authentication),
    access: accessOf(grants, connectRpc(RequestServiceService, accessControl)),
    revocations: revocationsOf(grants),
    vault: vaultOf(connectRpc(SecretServiceService, vault)),
    keys: verificationKeys(accessControl),
    operatorTenant: operatorTenant(accessControl),
  }
}
