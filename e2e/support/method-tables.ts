import * as access from '@sallyport/access-control/rpc/methods'
import { methods as auditMethods } from '@sallyport/audit/rpc/methods'
import type { Permission } from '@sallyport/identity/permissions'
import type { ServiceName } from '@sallyport/identity/services'
import * as execution from '@sallyport/execution/rpc/methods'
import type { MethodRow } from '@sallyport/rpc/methods'
import { methods as sessionMethods } from '@sallyport/session-proxy/rpc/methods'
import * as vault from '@sallyport/vault/rpc/methods'

type Rows = Readonly<Record<string, MethodRow>>

/** One RPC with what its service declares of it. */
export type DeclaredMethod = MethodRow & {
  readonly service: ServiceName
  /** As in its path: `AuditService/QueryRecords`. */
  readonly name: string
}

const tables: readonly (readonly [ServiceName, string, Rows])[] = [
  ['access-control', 'AuthenticationService', access.authenticationMethods],
  ['access-control', 'TenantService', access.tenantMethods],
  ['access-control', 'UserService', access.userMethods],
  ['access-control', 'RoleService', access.roleMethods],
  ['access-control', 'UserGroupService', access.userGroupMethods],
  ['access-control', 'AccessGroupService', access.accessGroupMethods],
  ['access-control', 'RequestService', access.requestMethods],
  ['access-control', 'GrantService', access.grantMethods],
  ['vault', 'DeviceService', vault.deviceMethods],
  ['vault', 'CredentialService', vault.credentialMethods],
  ['vault', 'StrengthProfileService', vault.strengthProfileMethods],
  ['vault', 'TargetService', vault.targetMethods],
  ['vault', 'SecretService', vault.secretMethods],
  ['vault', 'RotationService', vault.rotationMethods],
  ['vault', 'CustodyService', vault.custodyMethods],
  ['vault', 'KeyService', vault.keyMethods],
  ['execution', 'TemplateService', execution.templateMethods],
  ['execution', 'RotationPolicyService', execution.rotationPolicyMethods],
  ['execution', 'OperationService', execution.operationMethods],
  ['execution', 'HostKeyService', execution.hostKeyMethods],
  ['session-proxy', 'SessionService', sessionMethods],
  ['audit', 'AuditService', auditMethods],
]

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Every RPC of every service. */
export const declaredMethods: readonly DeclaredMethod[] = tables.flatMap(([service, definition, rows]) =>
  Object.entries(rows).map(([method, row]) => ({
    ...row,
    service,
    name: `${definition}/${upperFirst(method)}`,
  })),
)

/** The RPCs that need a permission, those for every signed-in user, or those for services only. */
export const methodsNeeding = (permission: Permission | 'signed-in' | 'service'): readonly string[] =>
  declaredMethods.filter(row => row.permission === permission).map(({ name }) => name)
