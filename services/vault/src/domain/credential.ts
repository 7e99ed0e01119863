import { invalid } from './invalid.ts'
import type { SecretKind } from './secret-material.ts'
import { parseTags } from './tags.ts'
import { parseName, parseNotes } from './text.ts'

export const credentialTypes = [
  'local-user',
  'local-admin',
  'domain-user',
  'domain-admin',
  'application',
] as const
export type CredentialType = (typeof credentialTypes)[number]

export type Criticality = 'low' | 'medium' | 'high'

/** What a person says about a credential, in normal form. Ids are UUIDs; whether they exist is the store's to say. */
export type CredentialAttributes = {
  username: string
  domain: string
  type: CredentialType
  secretKind: SecretKind
  deviceIds: string[]
  tags: string[]
  criticality: Criticality
  notes: string
  ownerUserId: string | undefined
  parentCredentialId: string | undefined
  strengthProfileId: string | undefined
  exclusiveCustody: boolean
}

/** The same as it arrives: the empty string stands for "none". */
export type CredentialInput = {
  username: string
  domain: string
  type: string
  secretKind: SecretKind
  deviceIds: readonly string[]
  tags: readonly string[]
  criticality: Criticality
  notes: string
  ownerUserId: string
  parentCredentialId: string
  strengthProfileId: string
  exclusiveCustody: boolean
}

const MAX_DEVICES = 1000

/** Throws `request.invalid`, naming the field. */
export const parseCredential = (input: CredentialInput): CredentialAttributes => {
  const type = parseType(input.type)
  const domain = parseName('domain', input.domain, { max: 255, optional: true })
  checkPair(type, input.secretKind, domain)
  return {
    username: parseUsername(input.username),
    domain,
    type,
    secretKind: input.secretKind,
    deviceIds: parseDeviceIds(input.deviceIds),
    tags: parseTags('tags', input.tags),
    criticality: input.criticality,
    notes: parseNotes('notes', input.notes, { max: 4096 }),
    ownerUserId: parseOptionalId('owner_user_id', input.ownerUserId),
    parentCredentialId: parseOptionalId('parent_credential_id', input.parentCredentialId),
    strengthProfileId: parseOptionalId('strength_profile_id', input.strengthProfileId),
    exclusiveCustody: input.exclusiveCustody,
  }
}

/** True if something that access criteria look at differs. */
export const criteriaDiffer = (a: CredentialAttributes, b: CredentialAttributes): boolean =>
  a.username !== b.username ||
  a.domain !== b.domain ||
  a.type !== b.type ||
  a.criticality !== b.criticality ||
  a.tags.join() !== b.tags.join() ||
  a.deviceIds.join() !== b.deviceIds.join()

// Account names are left as they are: on most targets `Root` is somebody else than `root`.
const parseUsername = (text: string): string => {
  const username = parseName('username', text, { max: 256 })
  if (username.startsWith('-')) throw invalid('username', 'must not begin with a hyphen')
  return username
}

const parseType = (text: string): CredentialType => {
  const type = credentialTypes.find(known => known === text)
  if (type === undefined) throw invalid('type', `must be one of ${credentialTypes.join(', ')}`)
  return type
}

/** Which kinds of secret a type may have: a directory keeps passwords, not SSH keys, and has a domain. */
const checkPair = (type: CredentialType, secretKind: SecretKind, domain: string): void => {
  if (!type.startsWith('domain-')) return
  if (secretKind !== 'password') throw invalid('secret_kind', `must be a password for the type ${type}`)
  if (domain === '') throw invalid('domain', `must be given for the type ${type}`)
}

const parseDeviceIds = (ids: readonly string[]): string[] => {
  const parsed = new Set(ids.map(id => parseId('device_ids', id)))
  if (parsed.size > MAX_DEVICES) throw invalid('device_ids', `must be at most ${MAX_DEVICES}`)
  return [...parsed].toSorted()
}

export const parseId = (field: string, id: string): string => {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw invalid(field, 'must be an id')
  return id.toLowerCase()
}

const parseOptionalId = (field: string, id: string): string | undefined =>
  id === '' ? undefined : parseId(field, id)
