import type {
  AccessGroupServiceService,
  GrantServiceService,
  RequestServiceService,
} from '@sallyport/contracts/access_control/v1/access'
import type { AuthenticationServiceService } from '@sallyport/contracts/access_control/v1/authentication'
import type {
  RoleServiceService,
  TenantServiceService,
  UserGroupServiceService,
  UserServiceService,
} from '@sallyport/contracts/access_control/v1/directory'
import type { ServiceName } from '@sallyport/identity/services'
import type { MethodTable } from '@sallyport/rpc/methods'

/** Where people and their programs come in. */
const people: readonly ServiceName[] = ['gateway']
/** Where they also come in by SSH. */
const logins: readonly ServiceName[] = ['gateway', 'session-proxy']
const everyone: readonly ServiceName[] = ['gateway', 'vault', 'execution', 'session-proxy', 'audit']

export const authenticationMethods: MethodTable<typeof AuthenticationServiceService> = {
  beginLogin: { callers: logins, permission: 'service', rate: 'login', audit: 'none' },
  beginPublicKeyLogin: { callers: ['session-proxy'], permission: 'service', rate: 'login', audit: 'none' },
  continueLogin: { callers: logins, permission: 'service', rate: 'login', audit: 'none' },
  authenticate: { callers: logins, permission: 'service', rate: 'internal', audit: 'none' },
  logOut: { callers: logins, permission: 'signed-in', rate: 'write', audit: 'logout.succeeded' },
  listLoginSessions: { callers: people, permission: 'signed-in', rate: 'read', audit: 'none' },
  endLoginSession: {
    callers: people,
    permission: 'signed-in',
    rate: 'write',
    audit: 'login_session.revoked',
  },
  createApiToken: { callers: people, permission: 'signed-in', rate: 'write', audit: 'api_token.created' },
  listApiTokens: { callers: people, permission: 'signed-in', rate: 'read', audit: 'none' },
  revokeApiToken: { callers: people, permission: 'signed-in', rate: 'write', audit: 'api_token.revoked' },
  getVerificationKeys: { callers: everyone, permission: 'service', rate: 'internal', audit: 'none' },
  rotateSigningKeys: {
    callers: people,
    permission: 'signing-key.rotate',
    rate: 'write',
    audit: 'signing_key.rotated',
  },
  shareCounts: { callers: people, permission: 'service', rate: 'internal', audit: 'none' },
}

export const tenantMethods: MethodTable<typeof TenantServiceService> = {
  createTenant: { callers: people, permission: 'tenant.manage', rate: 'write', audit: 'tenant.created' },
  getTenant: { callers: people, permission: 'tenant.manage', rate: 'read', audit: 'none' },
  listTenants: { callers: people, permission: 'tenant.manage', rate: 'read', audit: 'none' },
  updateTenant: { callers: people, permission: 'tenant.manage', rate: 'write', audit: 'tenant.updated' },
}

export const userMethods: MethodTable<typeof UserServiceService> = {
  createUser: { callers: people, permission: 'user.manage', rate: 'write', audit: 'user.created' },
  getUser: { callers: people, permission: 'signed-in', rate: 'read', audit: 'none' },
  listUsers: { callers: people, permission: 'user.read', rate: 'read', audit: 'none' },
  updateUser: { callers: people, permission: 'user.manage', rate: 'write', audit: 'user.updated' },
  deleteUser: { callers: people, permission: 'user.manage', rate: 'write', audit: 'user.deleted' },
  resetPassword: { callers: people, permission: 'user.manage', rate: 'write', audit: 'user.password_reset' },
  resetTotp: { callers: people, permission: 'user.manage', rate: 'write', audit: 'user.mfa_removed' },
  unlockUser: { callers: people, permission: 'user.manage', rate: 'write', audit: 'user.unlocked' },
  changePassword: { callers: people, permission: 'signed-in', rate: 'login', audit: 'user.password_changed' },
  addSshKey: { callers: people, permission: 'signed-in', rate: 'write', audit: 'user.public_key_added' },
  listSshKeys: { callers: people, permission: 'signed-in', rate: 'read', audit: 'none' },
  removeSshKey: { callers: people, permission: 'signed-in', rate: 'write', audit: 'user.public_key_removed' },
}

export const roleMethods: MethodTable<typeof RoleServiceService> = {
  listPermissions: { callers: people, permission: 'signed-in', rate: 'read', audit: 'none' },
  createRole: { callers: people, permission: 'role.manage', rate: 'write', audit: 'role.created' },
  getRole: { callers: people, permission: 'user.read', rate: 'read', audit: 'none' },
  listRoles: { callers: people, permission: 'user.read', rate: 'read', audit: 'none' },
  updateRole: { callers: people, permission: 'role.manage', rate: 'write', audit: 'role.updated' },
  deleteRole: { callers: people, permission: 'role.manage', rate: 'write', audit: 'role.deleted' },
}

export const userGroupMethods: MethodTable<typeof UserGroupServiceService> = {
  createUserGroup: { callers: people, permission: 'group.manage', rate: 'write', audit: 'group.created' },
  getUserGroup: { callers: people, permission: 'user.read', rate: 'read', audit: 'none' },
  listUserGroups: { callers: people, permission: 'user.read', rate: 'read', audit: 'none' },
  updateUserGroup: { callers: people, permission: 'group.manage', rate: 'write', audit: 'group.updated' },
  deleteUserGroup: { callers: people, permission: 'group.manage', rate: 'write', audit: 'group.deleted' },
}

export const accessGroupMethods: MethodTable<typeof AccessGroupServiceService> = {
  createAccessGroup: {
    callers: people,
    permission: 'access-group.manage',
    rate: 'write',
    audit: 'access_group.created',
  },
  getAccessGroup: { callers: people, permission: 'access-group.read', rate: 'read', audit: 'none' },
  listAccessGroups: { callers: people, permission: 'access-group.read', rate: 'read', audit: 'none' },
  updateAccessGroup: {
    callers: people,
    permission: 'access-group.manage',
    rate: 'write',
    audit: 'access_group.updated',
  },
  deleteAccessGroup: {
    callers: people,
    permission: 'access-group.manage',
    rate: 'write',
    audit: 'access_group.deleted',
  },
  previewAccessGroup: { callers: people, permission: 'access-group.read', rate: 'read', audit: 'none' },
  explainAccess: { callers: people, permission: 'access-group.read', rate: 'read', audit: 'none' },
}

export const requestMethods: MethodTable<typeof RequestServiceService> = {
  createRequest: { callers: logins, permission: 'signed-in', rate: 'write', audit: 'request.created' },
  getRequest: { callers: logins, permission: 'signed-in', rate: 'read', audit: 'none' },
  listRequests: { callers: logins, permission: 'signed-in', rate: 'read', audit: 'none' },
  approveRequest: { callers: people, permission: 'signed-in', rate: 'write', audit: 'request.approved' },
  disapproveRequest: {
    callers: people,
    permission: 'signed-in',
    rate: 'write',
    audit: 'request.disapproved',
  },
  cancelRequest: { callers: logins, permission: 'signed-in', rate: 'write', audit: 'request.canceled' },
  revokeRequest: { callers: people, permission: 'signed-in', rate: 'write', audit: 'request.revoked' },
  watchRequest: { callers: logins, permission: 'signed-in', rate: 'read', audit: 'none' },
}

export const grantMethods: MethodTable<typeof GrantServiceService> = {
  listUsableTargets: { callers: logins, permission: 'signed-in', rate: 'read', audit: 'none' },
  resolveTarget: { callers: logins, permission: 'signed-in', rate: 'read', audit: 'none' },
  issueGrant: { callers: logins, permission: 'signed-in', rate: 'secret', audit: 'grant.issued' },
  issueOperationGrant: {
    callers: ['execution'],
    permission: 'service',
    rate: 'internal',
    audit: 'grant.issued',
  },
  listGrants: { callers: people, permission: 'signed-in', rate: 'read', audit: 'none' },
  watchRevocations: {
    callers: ['vault', 'session-proxy', 'execution'],
    permission: 'service',
    rate: 'internal',
    audit: 'none',
  },
  checkGrants: {
    callers: ['vault', 'session-proxy', 'execution'],
    permission: 'service',
    rate: 'internal',
    audit: 'none',
  },
}
