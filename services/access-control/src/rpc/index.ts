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
import { type Binding, bind } from '@sallyport/rpc/handlers'
import type { Deps } from '../deps.ts'
import { addSshKey } from './add-ssh-key.ts'
import { approveRequest } from './approve-request.ts'
import { authenticate } from './authenticate.ts'
import { beginLogin } from './begin-login.ts'
import { beginPublicKeyLogin } from './begin-public-key-login.ts'
import { cancelRequest } from './cancel-request.ts'
import { changePassword } from './change-password.ts'
import { checkGrants } from './check-grants.ts'
import { continueLogin } from './continue-login.ts'
import { createAccessGroup } from './create-access-group.ts'
import { createApiToken } from './create-api-token.ts'
import { createRequest } from './create-request.ts'
import { createRole } from './create-role.ts'
import { createTenant } from './create-tenant.ts'
import { createUserGroup } from './create-user-group.ts'
import { createUser } from './create-user.ts'
import { deleteAccessGroup } from './delete-access-group.ts'
import { deleteRole } from './delete-role.ts'
import { deleteUserGroup } from './delete-user-group.ts'
import { deleteUser } from './delete-user.ts'
import { disapproveRequest } from './disapprove-request.ts'
import { endLoginSession } from './end-login-session.ts'
import { explainAccess } from './explain-access.ts'
import { getAccessGroup } from './get-access-group.ts'
import { getRequest } from './get-request.ts'
import { getRole } from './get-role.ts'
import { getTenant } from './get-tenant.ts'
import { getUserGroup } from './get-user-group.ts'
import { getUser } from './get-user.ts'
import { getVerificationKeys } from './get-verification-keys.ts'
import { issueGrant } from './issue-grant.ts'
import { issueOperationGrant } from './issue-operation-grant.ts'
import { listAccessGroups } from './list-access-groups.ts'
import { listApiTokens } from './list-api-tokens.ts'
import { listGrants } from './list-grants.ts'
import { listLoginSessions } from './list-login-sessions.ts'
import { listPermissions } from './list-permissions.ts'
import { listRequests } from './list-requests.ts'
import { listRoles } from './list-roles.ts'
import { listSshKeys } from './list-ssh-keys.ts'
import { listTenants } from './list-tenants.ts'
import { listUsableTargets } from './list-usable-targets.ts'
import { listUserGroups } from './list-user-groups.ts'
import { listUsers } from './list-users.ts'
import { logOut } from './log-out.ts'
import {
  accessGroupMethods,
  authenticationMethods,
  grantMethods,
  requestMethods,
  roleMethods,
  tenantMethods,
  userGroupMethods,
  userMethods,
} from './methods.ts'
import { previewAccessGroup } from './preview-access-group.ts'
import { removeSshKey } from './remove-ssh-key.ts'
import { resetPassword } from './reset-password.ts'
import { resetTotp } from './reset-totp.ts'
import { resolveTarget } from './resolve-target.ts'
import { revokeApiToken } from './revoke-api-token.ts'
import { revokeRequest } from './revoke-request.ts'
import { rotateSigningKeys } from './rotate-signing-keys.ts'
import { shareCounts } from './share-counts.ts'
import { unlockUser } from './unlock-user.ts'
import { updateAccessGroup } from './update-access-group.ts'
import { updateRole } from './update-role.ts'
import { updateTenant } from './update-tenant.ts'
import { updateUserGroup } from './update-user-group.ts'
import { updateUser } from './update-user.ts'
import { watchRequest } from './watch-request.ts'
import { watchRevocations } from './watch-revocations.ts'

/** Every RPC of the service, by name. */
export const bindings = (deps: Deps): Binding[] => [
  bind(AuthenticationServiceService, authenticationMethods, {
    beginLogin: beginLogin(deps),
    beginPublicKeyLogin: beginPublicKeyLogin(deps),
    continueLogin: continueLogin(deps),
    authenticate: authenticate(deps),
    logOut: logOut(deps),
    listLoginSessions: listLoginSessions(deps),
    endLoginSession: endLoginSession(deps),
    createApiToken: createApiToken(deps),
    listApiTokens: listApiTokens(deps),
    revokeApiToken: revokeApiToken(deps),
    getVerificationKeys: getVerificationKeys(deps),
    rotateSigningKeys: rotateSigningKeys(deps),
    shareCounts: shareCounts(deps),
  }),
  bind(TenantServiceService, tenantMethods, {
    createTenant: createTenant(deps),
    getTenant: getTenant(deps),
    listTenants: listTenants(deps),
    updateTenant: updateTenant(deps),
  }),
  bind(UserServiceService, userMethods, {
    createUser: createUser(deps),
    getUser: getUser(deps),
    listUsers: listUsers(deps),
    updateUser: updateUser(deps),
    deleteUser: deleteUser(deps),
    resetPassword: resetPassword(deps),
    resetTotp: resetTotp(deps),
    unlockUser: unlockUser(deps),
    changePassword: changePassword(deps),
    addSshKey: addSshKey(deps),
    listSshKeys: listSshKeys(deps),
    removeSshKey: removeSshKey(deps),
  }),
  bind(RoleServiceService, roleMethods, {
    listPermissions: listPermissions(),
    createRole: createRole(deps),
    getRole: getRole(deps),
    listRoles: listRoles(deps),
    updateRole: updateRole(deps),
    deleteRole: deleteRole(deps),
  }),
  bind(UserGroupServiceService, userGroupMethods, {
    createUserGroup: createUserGroup(deps),
    getUserGroup: getUserGroup(deps),
    listUserGroups: listUserGroups(deps),
    updateUserGroup: updateUserGroup(deps),
    deleteUserGroup: deleteUserGroup(deps),
  }),
  bind(AccessGroupServiceService, accessGroupMethods, {
    createAccessGroup: createAccessGroup(deps),
    getAccessGroup: getAccessGroup(deps),
    listAccessGroups: listAccessGroups(deps),
    updateAccessGroup: updateAccessGroup(deps),
    deleteAccessGroup: deleteAccessGroup(deps),
    previewAccessGroup: previewAccessGroup(deps),
    explainAccess: explainAccess(deps),
  }),
  bind(RequestServiceService, requestMethods, {
    createRequest: createRequest(deps),
    getRequest: getRequest(deps),
    listRequests: listRequests(deps),
    approveRequest: approveRequest(deps),
    disapproveRequest: disapproveRequest(deps),
    cancelRequest: cancelRequest(deps),
    revokeRequest: revokeRequest(deps),
    watchRequest: watchRequest(deps),
  }),
  bind(GrantServiceService, grantMethods, {
    listUsableTargets: listUsableTargets(deps),
    resolveTarget: resolveTarget(deps),
    issueGrant: issueGrant(deps),
    issueOperationGrant: issueOperationGrant(deps),
    listGrants: listGrants(deps),
    watchRevocations: watchRevocations(deps),
    checkGrants: checkGrants(deps),
  }),
]
