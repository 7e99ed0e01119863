import type {
  CredentialServiceService,
  DeviceServiceService,
  StrengthProfileServiceService,
  TargetServiceService,
} from '@sallyport/contracts/vault/v1/inventory'
import type {
  CustodyServiceService,
  KeyServiceService,
  RotationServiceService,
  SecretServiceService,
} from '@sallyport/contracts/vault/v1/secrets'
import type { Permission } from '@sallyport/identity/permissions'
import type { MethodRow, MethodTable } from '@sallyport/rpc/methods'

const reads = (permission: Permission | 'signed-in'): MethodRow => ({
  callers: ['gateway'],
  permission,
  rate: 'read',
  audit: 'none',
})

const writes = (permission: Permission | 'signed-in', audit: MethodRow['audit']): MethodRow => ({
  callers: ['gateway'],
  permission,
  rate: 'write',
  audit,
})

export const deviceMethods: MethodTable<typeof DeviceServiceService> = {
  createDevice: writes('device.manage', 'device.created'),
  // execution scans a device's host keys for a user who may see the device.
  getDevice: { ...reads('device.read'), callers: ['gateway', 'execution'] },
  listDevices: reads('device.read'),
  updateDevice: writes('device.manage', 'device.updated'),
  deleteDevice: writes('device.manage', 'device.deleted'),
  pinHostKeys: writes('device.manage', 'device.updated'),
}

export const credentialMethods: MethodTable<typeof CredentialServiceService> = {
  createCredential: writes('credential.manage', 'credential.created'),
  getCredential: { ...reads('credential.read'), callers: ['gateway', 'execution'] },
  listCredentials: reads('credential.read'),
  updateCredential: writes('credential.manage', 'credential.updated'),
  deleteCredential: writes('credential.manage', 'credential.deleted'),
  setSecret: writes('credential.manage', 'secret.stored'),
  listVersions: reads('credential.read'),
}

export const strengthProfileMethods: MethodTable<typeof StrengthProfileServiceService> = {
  createStrengthProfile: writes('strength-profile.manage', 'strength_profile.created'),
  getStrengthProfile: reads('credential.read'),
  listStrengthProfiles: reads('credential.read'),
  updateStrengthProfile: writes('strength-profile.manage', 'strength_profile.updated'),
  deleteStrengthProfile: writes('strength-profile.manage', 'strength_profile.deleted'),
}

const services = { permission: 'service', rate: 'internal' } as const

export const targetMethods: MethodTable<typeof TargetServiceService> = {
  getTarget: { ...services, callers: ['access-control', 'execution', 'session-proxy'], audit: 'none' },
  findTargets: { ...services, callers: ['access-control'], audit: 'none' },
  listTargets: { ...services, callers: ['access-control'], audit: 'none' },
}

/** What a user may see is for the grant to say: signing in is enough to present one. */
export const secretMethods: MethodTable<typeof SecretServiceService> = {
  releaseSecret: { ...services, callers: ['session-proxy'], audit: 'secret.released' },
  createRevealTicket: { ...writes('signed-in', 'secret.ticket_issued'), rate: 'secret' },
  redeemRevealTicket: { ...writes('signed-in', 'secret.revealed'), rate: 'secret' },
}

export const rotationMethods: MethodTable<typeof RotationServiceService> = {
  // An attempt that sets a password without knowing one gets a candidate only.
  beginRotation: { ...services, callers: ['execution'], audit: 'none' },
  promoteCandidate: { ...services, callers: ['execution'], audit: 'secret.promoted' },
  abandonCandidate: { ...services, callers: ['execution'], audit: 'secret.discarded' },
}

export const custodyMethods: MethodTable<typeof CustodyServiceService> = {
  // One's own; the handler asks for more where a caller wants everybody's.
  listCustodies: reads('signed-in'),
  checkIn: writes('signed-in', 'custody.ended'),
  forceCheckIn: writes('custody.manage', 'custody.ended'),
}

export const keyMethods: MethodTable<typeof KeyServiceService> = {
  startKeyRotation: writes('key.rotate', 'key.rotation_started'),
  getKeyRotation: reads('key.rotate'),
  listKeyRotations: reads('key.rotate'),
}
