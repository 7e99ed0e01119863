import {
  AccessGroupServiceService,
  GrantServiceService,
  RequestServiceService,
} from '@sallyport/contracts/access_control/v1/access'
import {
  AuthenticateRequest,
  AuthenticateResponse,
  AuthenticationServiceService,
} from '@sallyport/contracts/access_control/v1/authentication'
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
import { SallyportError } from '@sallyport/errors/error'
import type { ServiceDefinition } from '@sallyport/rpc/definition'
import type { RpcClient } from '@sallyport/rpc/client'
import type { Upstreams } from '../src/clients/upstreams.ts'
import { type Answers, type Call, fakeClient } from './fake-client.ts'

/** The one token that is good. */
export const goodToken = 'sps_0123456789abcdef0123456789abcdef'
export const tenantId = '01900000-0000-7000-8000-00000000000a'
export const userId = '01900000-0000-7000-8000-00000000000b'
export const sessionId = '01900000-0000-7000-8000-00000000000c'

export type FakeUpstreams = Upstreams & { readonly calls: Call[]; answers: Answers }

/** All services, with whatever answers a test gives them. Only `goodToken` is somebody. */
export const fakeUpstreams = (answers: Answers = {}): FakeUpstreams => {
  const calls: Call[] = []
  const client = <D extends ServiceDefinition>(definition: D): RpcClient<D> =>
    fakeClient(
      definition,
      () => ({ 'AuthenticationService/Authenticate': authenticate, ...fake.answers }),
      calls,
    )
  const fake = {
    calls,
    answers,
    authentication: client(AuthenticationServiceService),
    tenants: client(TenantServiceService),
    users: client(UserServiceService),
    roles: client(RoleServiceService),
    userGroups: client(UserGroupServiceService),
    accessGroups: client(AccessGroupServiceService),
    requests: client(RequestServiceService),
    grants: client(GrantServiceService),
    devices: client(DeviceServiceService),
    credentials: client(CredentialServiceService),
    strengthProfiles: client(StrengthProfileServiceService),
    secrets: client(SecretServiceService),
    custodies: client(CustodyServiceService),
    keys: client(KeyServiceService),
    templates: client(TemplateServiceService),
    rotationPolicies: client(RotationPolicyServiceService),
    operations: client(OperationServiceService),
    hostKeys: client(HostKeyServiceService),
    sessions: client(SessionServiceService),
    audit: client(AuditServiceService),
    forwarding: client(ForwardingServiceService),
  }
  return fake
}

const authenticate = ({ request }: Call): AuthenticateResponse => {
  const { token, audiences } = AuthenticateRequest.fromJSON(request)
  if (token !== goodToken) throw new SallyportError('caller.unauthenticated')
  return AuthenticateResponse.fromPartial({
    callerTokens: Object.fromEntries(audiences.map(name => [name, `caller token for ${name}`])),
    tenantId,
    userId,
    userName: 'alice',
    permissions: ['device.read'],
    sessionId,
  })
}
