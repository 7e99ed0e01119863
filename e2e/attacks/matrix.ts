import type { RouteName } from '@sallyport/gateway/http/routes'
import type { Permission } from '@sallyport/identity/permissions'

/**
 * Who may do something, written down apart from the code that decides it. A route without a line here does not compile,
 * and a line that differs from what the platform does fails the test.
 */
export type Declared = {
  /** Who gets through: anybody, everybody who is signed in, people but no programs, or holders of one of these. */
  readonly may: 'anybody' | 'signed-in' | 'people' | readonly Permission[]
  /** Of the others, who learns that it is refused (403); to the rest the object does not exist (404). */
  readonly refused: 'all' | 'programs' | readonly Permission[]
  /** Without this too it is refused to those who may. */
  readonly also?: Permission
}

const anybody: Declared = { may: 'anybody', refused: [] }
const signedIn: Declared = { may: 'signed-in', refused: [] }
/** An API token does not manage logins, keys and tokens, nor does it change passwords. */
const people: Declared = { may: 'people', refused: 'all' }
const needs = (permission: Permission): Declared => ({ may: [permission], refused: 'all' })
/** Somebody else's: it exists for holders of these permissions only. */
const others = (may: readonly Permission[], refused: readonly Permission[] = []): Declared => ({
  may,
  refused,
})

export const matrix: Readonly<Record<RouteName, Declared>> = {
  logIn: anybody,
  continueLogin: anybody,
  logOut: people,
  listLoginSessions: signedIn,
  endLoginSession: others(['user.manage']),
  getMe: signedIn,
  changePassword: people,
  listSshKeys: signedIn,
  addSshKey: people,
  removeSshKey: { may: [], refused: 'programs' },
  listApiTokens: signedIn,
  createApiToken: people,
  revokeApiToken: others(['user.manage']),

  createTenant: needs('tenant.manage'),
  listTenants: needs('tenant.manage'),
  getTenant: needs('tenant.manage'),
  updateTenant: needs('tenant.manage'),
  createUser: needs('user.manage'),
  listUsers: needs('user.read'),
  getUser: { may: ['user.read'], refused: 'all' },
  updateUser: needs('user.manage'),
  deleteUser: needs('user.manage'),
  resetPassword: needs('user.manage'),
  resetTotp: needs('user.manage'),
  unlockUser: needs('user.manage'),
  listPermissions: signedIn,
  createRole: needs('role.manage'),
  listRoles: needs('user.read'),
  getRole: needs('user.read'),
  updateRole: needs('role.manage'),
  deleteRole: needs('role.manage'),
  createUserGroup: needs('group.manage'),
  listUserGroups: needs('user.read'),
  getUserGroup: needs('user.read'),
  updateUserGroup: needs('group.manage'),
  deleteUserGroup: needs('group.manage'),
  rotateSigningKeys: needs('signing-key.rotate'),

  createAccessGroup: needs('access-group.manage'),
  listAccessGroups: needs('access-group.read'),
  previewAccessGroup: needs('access-group.read'),
  getAccessGroup: needs('access-group.read'),
  updateAccessGroup: needs('access-group.manage'),
  deleteAccessGroup: needs('access-group.manage'),
  explainAccess: needs('access-group.read'),
  listTargets: signedIn,
  createRequest: others([]),
  listRequests: signedIn,
  getRequest: others(['request.read', 'request.revoke']),
  approveRequest: others([], ['request.read', 'request.revoke']),
  disapproveRequest: others([], ['request.read', 'request.revoke']),
  cancelRequest: others([]),
  revokeRequest: others(['request.revoke'], ['request.read']),
  // Without one's own id as a filter: everybody's.
  listGrants: needs('grant.read'),

  createDevice: needs('device.manage'),
  listDevices: needs('device.read'),
  getDevice: needs('device.read'),
  updateDevice: needs('device.manage'),
  deleteDevice: needs('device.manage'),
  // The service that scans reads the device in the caller's name.
  scanHostKeys: { ...needs('device.manage'), also: 'device.read' },
  pinHostKeys: needs('device.manage'),
  createCredential: needs('credential.manage'),
  listCredentials: needs('credential.read'),
  getCredential: needs('credential.read'),
  updateCredential: needs('credential.manage'),
  deleteCredential: needs('credential.manage'),
  setSecret: needs('credential.manage'),
  listVersions: needs('credential.read'),
  createStrengthProfile: needs('strength-profile.manage'),
  listStrengthProfiles: needs('credential.read'),
  getStrengthProfile: needs('credential.read'),
  updateStrengthProfile: needs('strength-profile.manage'),
  deleteStrengthProfile: needs('strength-profile.manage'),
  startKeyRotation: needs('key.rotate'),
  listKeyRotations: needs('key.rotate'),
  getKeyRotation: needs('key.rotate'),
  revealCredential: others([]),
  // Only with a ticket, which nobody here has.
  redeemRevealTicket: { may: [], refused: 'all' },
  listCustodies: signedIn,
  checkIn: others([]),
  forceCheckIn: needs('custody.manage'),

  getRotationPolicy: needs('template.read'),
  putRotationPolicy: needs('template.manage'),
  deleteRotationPolicy: needs('template.manage'),
  requestRotation: needs('operation.manage'),
  createTemplate: needs('template.manage'),
  listTemplates: needs('template.read'),
  getTemplate: needs('template.read'),
  updateTemplate: needs('template.manage'),
  deleteTemplate: needs('template.manage'),
  listOperations: needs('operation.read'),
  getOperation: needs('operation.read'),
  listAttempts: needs('operation.read'),
  cancelOperation: needs('operation.manage'),
  restartOperation: needs('operation.manage'),

  listSessions: signedIn,
  getSession: others(['session.read']),
  terminateSession: others(['session.terminate'], ['session.read']),
  watchSession: others(['session.read']),
  downloadRecording: others(['recording.read'], ['session.read']),
  verifyRecording: others(['recording.read'], ['session.read']),
  listAuditRecords: needs('audit.read'),
  getAuditRecord: needs('audit.read'),
  proveAuditRecord: needs('audit.read'),
  listCheckpoints: needs('audit.read'),
  verifyAuditChain: needs('audit.read'),
  createAuditDestination: needs('audit-destination.manage'),
  listAuditDestinations: needs('audit.read'),
  getAuditDestination: needs('audit.read'),
  updateAuditDestination: needs('audit-destination.manage'),
  deleteAuditDestination: needs('audit-destination.manage'),
  replayAuditDestination: needs('audit-destination.manage'),
}
