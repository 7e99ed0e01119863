import {
  type Custody as WireCustody,
  type Endpoint,
  type KeyRotation as WireKeyRotation,
  KeyRotationState,
  KeyScope,
} from '@sallyport/contracts/vault/v1/secrets'
import { type SecretVersion, VersionState } from '@sallyport/contracts/vault/v1/inventory'
import { invalid } from '../domain/invalid.ts'
import type { CustodyListRow } from '../store/custodies.ts'
import type { DeviceEndpoint } from '../store/endpoints.ts'
import type { KeyScope as DomainKeyScope, KeyRotationRow } from '../store/key-rotations.ts'
import type { VersionSummary } from '../store/version-history.ts'
import { toHostKey } from './wire-inventory.ts'

export const toEndpoint = (
  endpoint: DeviceEndpoint,
  { username, domain }: { username: string; domain: string },
): Endpoint => ({
  deviceId: endpoint.deviceId,
  deviceName: endpoint.deviceName,
  address: endpoint.address,
  port: endpoint.port,
  username,
  domain,
  hostKeys: endpoint.hostKeys.map(toHostKey),
})

export const toCustody = (row: CustodyListRow): WireCustody => ({
  id: row.id,
  credentialId: row.credential_id,
  credentialName: row.credential_name,
  holderUserId: row.holder_user_id,
  holderUserName: row.holder_user_name,
  since: row.since,
  until: row.until,
  endedAt: row.ended_at ?? undefined,
  endedReason: row.ended_reason ?? '',
  requestId: row.request_id ?? '',
})

const versionStates = {
  candidate: VersionState.CANDIDATE,
  current: VersionState.CURRENT,
  retired: VersionState.RETIRED,
  abandoned: VersionState.ABANDONED,
} as const

export const toVersion = (row: VersionSummary): SecretVersion => ({
  number: row.number,
  state: versionStates[row.state],
  createdAt: row.created_at,
  promotedAt: row.promoted_at ?? undefined,
  createdByUserId: row.created_by_user_id ?? '',
  operationId: row.operation_id ?? '',
})

const rotationStates = {
  running: KeyRotationState.RUNNING,
  done: KeyRotationState.DONE,
  failed: KeyRotationState.FAILED,
} as const

export const toKeyRotation = (row: KeyRotationRow): WireKeyRotation => ({
  id: row.id,
  scope: row.scope === 'root' ? KeyScope.ROOT : KeyScope.TENANT,
  state: rotationStates[row.state],
  rewrapped: BigInt(row.rewrapped),
  total: BigInt(row.total),
  startedAt: row.started_at,
  endedAt: row.ended_at ?? undefined,
})

/** Throws `request.invalid` for a scope that this version does not know. */
export const fromKeyScope = (scope: KeyScope): DomainKeyScope => {
  if (scope === KeyScope.ROOT) return 'root'
  if (scope === KeyScope.TENANT) return 'tenant'
  throw invalid('scope', 'must be the root key or the tenant key')
}
