import {
  Criticality,
  type Credential as WireCredential,
  type Device as WireDevice,
  type HostKey as WireHostKey,
  SecretKind,
  type StrengthProfile as WireStrengthProfile,
  type StrengthRules as WireStrengthRules,
} from '@sallyport/contracts/vault/v1/inventory'
import type { Criticality as DomainCriticality } from '../domain/credential.ts'
import { invalid } from '../domain/invalid.ts'
import type { SecretKind as DomainSecretKind } from '../domain/secret-material.ts'
import { entropyBits, type StrengthRules } from '../domain/strength.ts'
import type { CredentialRow } from '../store/credentials.ts'
import type { DeviceRow } from '../store/devices.ts'
import type { StrengthProfileRow } from '../store/strength-profiles.ts'

export const toDevice = (row: DeviceRow): WireDevice => ({
  id: row.id,
  name: row.name,
  address: row.address,
  type: row.type,
  site: row.site,
  tags: row.tags,
  connectivities: row.connectivities.map(({ protocol, port }) => ({ protocol, port })),
  hostKeys: row.hostKeys.map(toHostKey),
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
})

type PinnedKey = {
  port: number
  publicKey: Uint8Array
  algorithm: string
  fingerprint: string
  pinnedAt: Date
}

export const toHostKey = ({ port, publicKey, algorithm, fingerprint, pinnedAt }: PinnedKey): WireHostKey => ({
  port,
  publicKey: Buffer.from(publicKey),
  algorithm,
  fingerprint,
  pinnedAt,
})

export const toCredential = (row: CredentialRow): WireCredential => ({
  id: row.id,
  username: row.username,
  domain: row.domain,
  type: row.type,
  secretKind: toSecretKind(row.secretKind),
  deviceIds: row.devices.map(({ deviceId }) => deviceId),
  tags: row.tags,
  criticality: toCriticality(row.criticality),
  notes: row.notes,
  ownerUserId: row.ownerUserId ?? '',
  parentCredentialId: row.parentCredentialId ?? '',
  strengthProfileId: row.strengthProfileId ?? '',
  exclusiveCustody: row.exclusiveCustody,
  currentVersion: row.currentVersion,
  secretChangedAt: row.secretChangedAt ?? undefined,
  exposedSince: row.exposedSince ?? undefined,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
})

export const toStrengthProfile = (row: StrengthProfileRow): WireStrengthProfile => {
  const { length, minUpper, minLower, minDigits, minSymbols, forbidden } = row
  const rules = { length, minUpper, minLower, minDigits, minSymbols, forbidden }
  return {
    id: row.id,
    name: row.name,
    rules,
    version: row.version,
    createdAt: row.createdAt,
    entropyBits: entropyBits(rules),
  }
}

/** Throws `request.invalid` if there are none. */
export const fromStrengthRules = (rules: WireStrengthRules | undefined): StrengthRules => {
  if (rules === undefined) throw invalid('rules', 'must be given')
  const { length, minUpper, minLower, minDigits, minSymbols, forbidden } = rules
  return { length, minUpper, minLower, minDigits, minSymbols, forbidden }
}

export const toSecretKind = (kind: string): SecretKind =>
  kind === 'password' ? SecretKind.PASSWORD : SecretKind.SSH_KEY

/** Throws `request.invalid` for a kind that this version does not know. */
export const fromSecretKind = (kind: SecretKind): DomainSecretKind => {
  if (kind === SecretKind.PASSWORD) return 'password'
  if (kind === SecretKind.SSH_KEY) return 'ssh-key'
  throw invalid('secret_kind', 'must be a password or an SSH key')
}

const criticalities = [
  ['low', Criticality.LOW],
  ['medium', Criticality.MEDIUM],
  ['high', Criticality.HIGH],
] as const satisfies readonly (readonly [DomainCriticality, Criticality])[]

export const toCriticality = (criticality: string): Criticality =>
  criticalities.find(([name]) => name === criticality)?.[1] ?? Criticality.UNSPECIFIED

/** Throws `request.invalid` for one that this version does not know. */
export const fromCriticality = (criticality: Criticality): DomainCriticality => {
  const known = criticalities.find(([, wire]) => wire === criticality)
  if (known === undefined) throw invalid('criticality', 'must be low, medium or high')
  return known[0]
}
