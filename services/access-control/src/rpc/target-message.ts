import type { TargetSummary } from '@sallyport/contracts/access_control/v1/access'
import type { Target } from '../domain/criteria.ts'

export const targetSummary = (target: Target): TargetSummary => ({
  credentialId: target.credentialId,
  deviceId: target.deviceId,
  username: target.username,
  domain: target.domain,
  deviceName: target.deviceName,
  deviceAddress: target.deviceAddress,
})
