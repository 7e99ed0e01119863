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
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { type Binding, bind } from '@sallyport/rpc/handlers'
import type { TenantKeys } from '../sealing/tenant-keys.ts'
import type { VerifyDeps } from '../secrets/verify-use.ts'
import type { Database } from '../store/database.ts'
import { abandonCandidate } from './abandon-candidate.ts'
import { beginRotation } from './begin-rotation.ts'
import { checkIn } from './check-in.ts'
import { createCredential } from './create-credential.ts'
import { createDevice } from './create-device.ts'
import { createRevealTicket } from './create-reveal-ticket.ts'
import { createStrengthProfile } from './create-strength-profile.ts'
import { deleteCredential } from './delete-credential.ts'
import { deleteDevice } from './delete-device.ts'
import { deleteStrengthProfile } from './delete-strength-profile.ts'
import { findTargets } from './find-targets.ts'
import { forceCheckIn } from './force-check-in.ts'
import { getCredential } from './get-credential.ts'
import { getDevice } from './get-device.ts'
import { getKeyRotation } from './get-key-rotation.ts'
import { getStrengthProfile } from './get-strength-profile.ts'
import { getTarget } from './get-target.ts'
import { listCredentials } from './list-credentials.ts'
import { listCustodies } from './list-custodies.ts'
import { listDevices } from './list-devices.ts'
import { listKeyRotations } from './list-key-rotations.ts'
import { listStrengthProfiles } from './list-strength-profiles.ts'
import { listTargets } from './list-targets.ts'
import { listVersions } from './list-versions.ts'
import * as methods from './methods.ts'
import { pinHostKeys } from './pin-host-keys.ts'
import { promoteCandidate } from './promote-candidate.ts'
import { redeemRevealTicket } from './redeem-reveal-ticket.ts'
import { releaseSecret } from './release-secret.ts'
import { setSecret } from './set-secret.ts'
import { startKeyRotation } from './start-key-rotation.ts'
import { updateCredential } from './update-credential.ts'
import { updateDevice } from './update-device.ts'
import { updateStrengthProfile } from './update-strength-profile.ts'

/** Everything that the handlers need; each takes its part. */
export type RpcDeps = VerifyDeps & {
  database: Database
  tenantKeys: TenantKeys
  rootKeys: Pick<RootKeyProvider, 'primaryKeyId'>
  newId: () => string
  newToken: () => string
  ticketSeconds: number
  showSeconds: number
}

/** Every RPC that vault answers. */
export const bindings = (deps: RpcDeps): Binding[] => [
  bind(DeviceServiceService, methods.deviceMethods, {
    createDevice: createDevice(deps),
    getDevice: getDevice(deps),
    listDevices: listDevices(deps),
    updateDevice: updateDevice(deps),
    deleteDevice: deleteDevice(deps),
    pinHostKeys: pinHostKeys(deps),
  }),
  bind(CredentialServiceService, methods.credentialMethods, {
    createCredential: createCredential(deps),
    getCredential: getCredential(deps),
    listCredentials: listCredentials(deps),
    updateCredential: updateCredential(deps),
    deleteCredential: deleteCredential(deps),
    setSecret: setSecret(deps),
    listVersions: listVersions(deps),
  }),
  bind(StrengthProfileServiceService, methods.strengthProfileMethods, {
    createStrengthProfile: createStrengthProfile(deps),
    getStrengthProfile: getStrengthProfile(deps),
    listStrengthProfiles: listStrengthProfiles(deps),
    updateStrengthProfile: updateStrengthProfile(deps),
    deleteStrengthProfile: deleteStrengthProfile(deps),
  }),
  bind(TargetServiceService, methods.targetMethods, {
    getTarget: getTarget(deps),
    findTargets: findTargets(deps),
    listTargets: listTargets(deps),
  }),
  bind(SecretServiceService, methods.secretMethods, {
    releaseSecret: releaseSecret(deps),
    createRevealTicket: createRevealTicket(deps),
    redeemRevealTicket: redeemRevealTicket(deps),
  }),
  bind(RotationServiceService, methods.rotationMethods, {
    beginRotation: beginRotation(deps),
    promoteCandidate: promoteCandidate(deps),
    abandonCandidate: abandonCandidate(deps),
  }),
  bind(CustodyServiceService, methods.custodyMethods, {
    listCustodies: listCustodies(deps),
    checkIn: checkIn(deps),
    forceCheckIn: forceCheckIn(deps),
  }),
  bind(KeyServiceService, methods.keyMethods, {
    startKeyRotation: startKeyRotation(deps),
    getKeyRotation: getKeyRotation(deps),
    listKeyRotations: listKeyRotations(deps),
  }),
]
