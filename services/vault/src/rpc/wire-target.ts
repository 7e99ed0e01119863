import type { Target } from '@sallyport/contracts/vault/v1/inventory'
import type { TargetRow } from '../store/targets.ts'
import { toCriticality } from './wire-inventory.ts'

export const toTarget = (row: TargetRow): Target => ({
  credentialId: row.credential_id,
  deviceId: row.device_id,
  username: row.username,
  domain: row.domain,
  credentialType: row.credential_type,
  credentialTags: row.credential_tags,
  criticality: toCriticality(row.criticality),
  deviceName: row.device_name,
  deviceAddress: row.device_address,
  deviceType: row.device_type,
  deviceSite: row.device_site,
  deviceTags: row.device_tags,
})
