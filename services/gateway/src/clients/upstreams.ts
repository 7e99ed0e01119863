import {
  AccessGroupServiceService,
  GrantServiceService,
  RequestServiceService,
} from '@sallyport/contracts/access_control/v1/access'
import { AuthenticationServiceService } from '@sallyport/contracts/access_control/v1/authentication'
import {
  RoleServiceService,
  TenantServiceService,
  UserGroupServiceService,
  UserServiceService,
} from '@sallyport/contracts/access_control/v1/directory'
import { AuditServiceService } from '@sallyport/contracts/audit/v1/audit'
import { ForwardingServiceService } from '@sallyport/contracts/audit/v1/forwarding'
import {
  HostKeyServiceService,
  OperationServiceService,
  RotationPolicyServiceService,
  TemplateServiceService,
} from '@sallyport/contracts/execution/v1/execution'
import { SessionServiceService } from '@sallyport/contracts/session_proxy/v1/sessions'
import {
  CredentialServiceService,
  DeviceServiceService,
  StrengthProfileServiceService,
} from '@sallyport/contracts/vault/v1/inventory'
import {
  CustodyServiceService,
  KeyServiceService,
  SecretServiceService,
} from '@sallyport/contracts/vault/v1/secrets'
import type { ServiceName } from '@sallyport/identity/services'
import type { RpcChannel } from '@sallyport/rpc/channel'
import { connectRpc, type RpcClient } from '@sallyport/rpc/client'

/** The services behind the API, each as the gRPC services that the gateway calls. */
export type Upstreams = {
  readonly authentication: RpcClient<typeof AuthenticationServiceService>
  readonly tenants: RpcClient<typeof TenantServiceService>
  readonly users: RpcClient<typeof UserServiceService>
  readonly roles: RpcClient<typeof RoleServiceService>
  readonly userGroups: RpcClient<typeof UserGroupServiceService>
  readonly accessGroups: RpcClient<typeof AccessGroupServiceService>
  readonly requests: RpcClient<typeof RequestServiceService>
  readonly grants: RpcClient<typeof GrantServiceService>
  readonly devices: RpcClient<typeof DeviceServiceService>
  readonly credentials: RpcClient<typeof CredentialServiceService>
  readonly strengthProfiles: RpcClient<typeof StrengthProfileServiceService>
  readonly secrets: Pick<
    RpcClient<typeof SecretServiceService>,
    // Releasing a secret to a session is not the gateway's business.
    'createRevealTicket' | 'redeemRevealTicket'
  >
  readonly custodies: RpcClient<typeof CustodyServiceService>
  readonly keys: RpcClient<typeof KeyServiceService>
  readonly templates: RpcClient<typeof TemplateServiceService>
  readonly rotationPolicies: RpcClient<typeof RotationPolicyServiceService>
  readonly operations: RpcClient<typeof OperationServiceService>
  readonly hostKeys: RpcClient<typeof HostKeyServiceService>
  readonly sessions: RpcClient<typeof SessionServiceService>
  readonly audit: RpcClient<typeof AuditServiceService>
  readonly forwarding: RpcClient<typeof ForwardingServiceService>
}

export type UpstreamName = Exclude<ServiceName, 'gateway'>

/** Makes the clients on one channel for each service. */
export const connectUpstreams = (channels: Readonly<Record<UpstreamName, RpcChannel>>): Upstreams => {
  const { vault, execution, audit } = channels
  const [accessControl, sessionProxy] = [channels['access-control'], channels['session-proxy']]
  return {
    authentication: connectRpc(AuthenticationServiceService, accessControl),
    tenants: connectRpc(TenantServiceService, accessControl),
    users: connectRpc(UserServiceService, accessControl),
    roles: connectRpc(RoleServiceService, accessControl),
    userGroups: connectRpc(UserGroupServiceService, accessControl),
    accessGroups: connectRpc(AccessGroupServiceService, accessControl),
    requests: connectRpc(RequestServiceService, accessControl),
    grants: connectRpc(GrantServiceService, accessControl),
    devices: connectRpc(DeviceServiceService, vault),
    credentials: connectRpc(CredentialServiceService, vault),
    strengthProfiles: connectRpc(StrengthProfileServiceService, vault),
    secrets: connectRpc(SecretServiceService, vault),
    custodies: connectRpc(CustodyServiceService, vault),
    keys: connectRpc(KeyServiceService, vault),
    templates: connectRpc(TemplateServiceService, execution),
    rotationPolicies: connectRpc(RotationPolicyServiceService, execution),
    operations: connectRpc(OperationServiceService, execution),
    hostKeys: connectRpc(HostKeyServiceService, execution),
    sessions: connectRpc(SessionServiceService, sessionProxy),
    audit: connectRpc(AuditServiceService, audit),
    forwarding: connectRpc(ForwardingServiceService, audit),
  }
}
