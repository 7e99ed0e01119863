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
  TargetServiceService,
} from '@sallyport/contracts/vault/v1/inventory'
import {
  CustodyServiceService,
  KeyServiceService,
  RotationServiceService,
  SecretServiceService,
} from '@sallyport/contracts/vault/v1/secrets'
import * as access from '@sallyport/access-control/rpc/methods'
import { forwardingMethods, methods as auditMethods } from '@sallyport/audit/rpc/methods'
import type { Permission } from '@sallyport/identity/permissions'
import type { ServiceName } from '@sallyport/identity/services'
import * as execution from '@sallyport/execution/rpc/methods'
import type { Method, ServiceDefinition } from '@sallyport/rpc/definition'
import type { MethodRow } from '@sallyport/rpc/methods'
import { methods as sessionMethods } from '@sallyport/session-proxy/rpc/methods'
import * as vault from '@sallyport/vault/rpc/methods'

type Rows = Readonly<Record<string, MethodRow>>

/** One RPC with what its service declares of it. */
export type DeclaredMethod = MethodRow & {
  readonly service: ServiceName
  /** As in its path: `AuditService/QueryRecords`. */
  readonly name: string
  readonly wire: Method
}

/** One gRPC service, by whom it is served, and its rows. */
export type DeclaredService = {
  readonly service: ServiceName
  readonly name: string
  readonly definition: ServiceDefinition
  readonly rows: Rows
}

export const declaredServices: readonly DeclaredService[] = [
  {
    service: 'access-control',
    name: 'AuthenticationService',
    definition: AuthenticationServiceService,
    rows: access.authenticationMethods,
  },
  {
    service: 'access-control',
    name: 'TenantService',
    definition: TenantServiceService,
    rows: access.tenantMethods,
  },
  {
    service: 'access-control',
    name: 'UserService',
    definition: UserServiceService,
    rows: access.userMethods,
  },
  {
    service: 'access-control',
    name: 'RoleService',
    definition: RoleServiceService,
    rows: access.roleMethods,
  },
  {
    service: 'access-control',
    name: 'UserGroupService',
    definition: UserGroupServiceService,
    rows: access.userGroupMethods,
  },
  {
    service: 'access-control',
    name: 'AccessGroupService',
    definition: AccessGroupServiceService,
    rows: access.accessGroupMethods,
  },
  {
    service: 'access-control',
    name: 'RequestService',
    definition: RequestServiceService,
    rows: access.requestMethods,
  },
  {
    service: 'access-control',
    name: 'GrantService',
    definition: GrantServiceService,
    rows: access.grantMethods,
  },
  { service: 'vault', name: 'DeviceService', definition: DeviceServiceService, rows: vault.deviceMethods },
  {
    service: 'vault',
    name: 'CredentialService',
    definition: CredentialServiceService,
    rows: vault.credentialMethods,
  },
  {
    service: 'vault',
    name: 'StrengthProfileService',
    definition: StrengthProfileServiceService,
    rows: vault.strengthProfileMethods,
  },
  { service: 'vault', name: 'TargetService', definition: TargetServiceService, rows: vault.targetMethods },
  { service: 'vault', name: 'SecretService', definition: SecretServiceService, rows: vault.secretMethods },
  {
    service: 'vault',
    name: 'RotationService',
    definition: RotationServiceService,
    rows: vault.rotationMethods,
  },
  { service: 'vault', name: 'CustodyService', definition: CustodyServiceService, rows: vault.custodyMethods },
  { service: 'vault', name: 'KeyService', definition: KeyServiceService, rows: vault.keyMethods },
  {
    service: 'execution',
    name: 'TemplateService',
    definition: TemplateServiceService,
    rows: execution.templateMethods,
  },
  {
    service: 'execution',
    name: 'RotationPolicyService',
    definition: RotationPolicyServiceService,
    rows: execution.rotationPolicyMethods,
  },
  {
    service: 'execution',
    name: 'OperationService',
    definition: OperationServiceService,
    rows: execution.operationMethods,
  },
  {
    service: 'execution',
    name: 'HostKeyService',
    definition: HostKeyServiceService,
    rows: execution.hostKeyMethods,
  },
  {
    service: 'session-proxy',
    name: 'SessionService',
    definition: SessionServiceService,
    rows: sessionMethods,
  },
  { service: 'audit', name: 'AuditService', definition: AuditServiceService, rows: auditMethods },
  {
    service: 'audit',
    name: 'ForwardingService',
    definition: ForwardingServiceService,
    rows: forwardingMethods,
  },
]

/** As the contracts write a method; the generated code begins with a small letter. */
export const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Every RPC of every service. */
export const declaredMethods: readonly DeclaredMethod[] = declaredServices.flatMap(
  ({ service, name, definition, rows }) =>
    Object.entries(definition).map(([method, wire]) => {
      const row = rows[method]
      if (!row) throw new Error(`${wire.path} has no row`)
      return { ...row, service, name: `${name}/${upperFirst(method)}`, wire }
    }),
)

/** The RPCs that need a permission, those for every signed-in user, or those for services only. */
export const methodsNeeding = (permission: Permission | 'signed-in' | 'service'): readonly string[] =>
  declaredMethods.filter(row => row.permission === permission).map(({ name }) => name)
