/** What a user may be permitted to do. No permission reads a secret: only access groups and grants lead there. */
export type Permission =
  | 'tenant.manage'
  | 'user.read'
  | 'user.manage'
  | 'role.manage'
  | 'group.manage'
  | 'access-group.read'
  | 'access-group.manage'
  | 'request.read'
  | 'request.revoke'
  | 'grant.read'
  | 'signing-key.rotate'
  | 'device.read'
  | 'device.manage'
  | 'credential.read'
  | 'credential.manage'
  | 'strength-profile.manage'
  | 'custody.read'
  | 'custody.manage'
  | 'key.rotate'
  | 'template.read'
  | 'template.manage'
  | 'operation.read'
  | 'operation.manage'
  | 'session.read'
  | 'session.terminate'
  | 'recording.read'
  | 'audit.read'
  | 'audit-destination.manage'

/** The closed catalogue: each permission and what it lets a user do, as a sentence for people. */
export const permissions: Readonly<Record<Permission, string>> = {
  'tenant.manage': 'Create, read, rename, disable and enable tenants; only in the operator’s tenant',
  'user.read': 'See users, user groups and roles',
  'user.manage': 'Create, change, disable, unlock and delete users, reset their factors, end their logins',
  'role.manage': 'Create, change and delete roles',
  'group.manage': 'Create, change and delete user groups',
  'access-group.read': 'See access groups, preview and explain what they give',
  'access-group.manage': 'Create, change and delete access groups',
  'request.read': 'See every access request',
  'request.revoke': 'Revoke any approved access request',
  'grant.read': 'See every grant',
  'signing-key.rotate': 'Rotate the keys that sign caller tokens and grants; only in the operator’s tenant',
  'device.read': 'See devices',
  'device.manage': 'Create, change and delete devices, scan and pin their host keys',
  'credential.read': 'See credentials and their versions, without secrets',
  'credential.manage': 'Create, change and delete credentials, and set their secrets without reading them',
  'strength-profile.manage': 'Create, change and delete strength profiles',
  'custody.read': 'See who holds which credential',
  'custody.manage': 'Force a check-in',
  'key.rotate': 'Rotate root and tenant encryption keys',
  'template.read': 'See templates and rotation policies',
  'template.manage': 'Create, change and delete templates and rotation policies',
  'operation.read': 'See operations and their masked attempt logs',
  'operation.manage': 'Request, cancel and restart operations',
  'session.read': 'See every session, and watch live ones',
  'session.terminate': 'Terminate any live session',
  'recording.read': 'Download and verify every recording',
  'audit.read': 'Query and verify the audit trail, and see where it is sent',
  'audit-destination.manage': 'Choose where the audit trail is sent',
}

/** Whether a name is in the catalogue. Anything else gives no right. */
export function isPermission(name: string): name is Permission {
  return Object.hasOwn(permissions, name)
}
