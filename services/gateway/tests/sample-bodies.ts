import type { RouteName } from '../src/http/routes.ts'

export const someId = '01900000-0000-7000-8000-000000000001'

const secretText = 'correct horse battery staple'

const definition = {
  name: 'web admins',
  userIds: [someId],
  criteria: { deviceName: 'web-*', credentialUsername: '[#USERNAME#]' },
  view: { allowed: false },
  session: { allowed: true, justification: true, approvals: 1, maxWindowSeconds: 3_600 },
  approverUserIds: [someId],
}

/** A good body for each route that takes one. */
export const sampleBodies: Partial<Readonly<Record<RouteName, object>>> = {
  logIn: { tenant: 'default', userName: 'alice', password: secretText },
  continueLogin: { challenge: 'challenge-0123456789', totpCode: '123456' },
  changePassword: { currentPassword: secretText, newPassword: `${secretText}!` },
  addSshKey: { name: 'laptop', publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA' },
  createApiToken: { name: 'ci', permissions: ['device.read'], expiresAt: '2027-01-01T00:00:00Z' },
  createTenant: { name: 'acme', administratorUserName: 'admin' },
  updateTenant: { disabled: true },
  createUser: { userName: 'bob', roleIds: [someId] },
  updateUser: { displayName: 'Bob', roleIds: [] },
  createRole: { name: 'helpdesk', permissions: ['user.read'] },
  updateRole: { permissions: [] },
  createUserGroup: { name: 'admins', userIds: [someId] },
  updateUserGroup: { userIds: [] },
  createAccessGroup: definition,
  updateAccessGroup: definition,
  previewAccessGroup: definition,
  createRequest: {
    credentialId: someId,
    deviceId: someId,
    action: 'session',
    justification: 'Ticket 4711: disk is full',
    start: '2026-11-21T10:00:00+01:00',
  },
  approveRequest: { comment: 'fine', end: '2026-11-21T12:00:00Z' },
  disapproveRequest: { comment: 'not today' },
  revokeRequest: {},
  createDevice: {
    name: 'web-1',
    address: '192.0.2.7',
    type: 'linux-server',
    connectivities: [{ protocol: 'ssh', port: 22 }],
  },
  updateDevice: { site: 'ams', tags: ['web'], connectivities: [{ protocol: 'ssh', port: 2222 }] },
  scanHostKeys: { port: 22 },
  pinHostKeys: { port: 22, publicKeys: ['AAAAC3NzaC1lZDI1NTE5AAAAIA=='] },
  createCredential: {
    username: 'root',
    type: 'local-admin',
    secretKind: 'password',
    deviceIds: [someId],
    criticality: 'high',
    initialSecret: { secret: secretText },
  },
  updateCredential: {
    notes: 'a\nb',
    ownerUserId: null,
    criticality: 'low',
    tags: ['x'],
    deviceIds: [someId],
  },
  setSecret: { secret: '/wD+', encoding: 'base64' },
  createStrengthProfile: { name: 'strong', rules: { length: 24, minDigits: 2 } },
  updateStrengthProfile: { rules: { length: 32 } },
  startKeyRotation: { scope: 'tenant' },
  revealCredential: { deviceId: someId },
  redeemRevealTicket: { ticket: 'ticket-0123456789abcdef' },
  forceCheckIn: { reason: 'needed elsewhere' },
  putRotationPolicy: { deviceId: someId, templateId: someId, afterSession: true },
  createTemplate: { name: 'passwd', executor: 'ssh', source: 'exec "passwd"\n' },
  updateTemplate: { source: 'exec "true"' },
  terminateSession: { reason: 'suspicious' },
  createAuditDestination: { name: 'SIEM', host: '127.0.0.1', format: 'cef', from: 1, disabled: true },
  updateAuditDestination: { name: 'SIEM', host: '127.0.0.1', port: 9, format: 'ocsf-lines', disabled: true },
  replayAuditDestination: { from: 1 },
}

/** A good query for each route that must have one. */
export const sampleQueries: Partial<Readonly<Record<RouteName, string>>> = {
  explainAccess: `userId=${someId}&credentialId=${someId}&deviceId=${someId}&action=view`,
}
