import { maskIsOpen, matchesAny, type Pattern, parsePatterns } from './pattern.ts'

/** Comma lists as people write them. An empty one selects everything. */
export type Criteria = {
  deviceName: string
  deviceAddress: string
  deviceTags: string
  deviceType: string
  deviceSite: string
  credentialUsername: string
  credentialTags: string
  credentialType: string
  credentialCriticality: string
}

/** A credential on one of its devices, with everything that criteria look at. */
export type Target = {
  credentialId: string
  deviceId: string
  username: string
  domain: string
  credentialType: string
  credentialTags: readonly string[]
  criticality: string
  deviceName: string
  deviceAddress: string
  deviceType: string
  deviceSite: string
  deviceTags: readonly string[]
}

export type CompiledCriteria = Readonly<Record<keyof Criteria, readonly Pattern[]>>

const criteriaFields: Readonly<Record<keyof Criteria, (target: Target) => readonly string[]>> = {
  deviceName: target => [target.deviceName],
  deviceAddress: target => [target.deviceAddress],
  deviceTags: target => target.deviceTags,
  deviceType: target => [target.deviceType],
  deviceSite: target => [target.deviceSite],
  credentialUsername: target => [target.username],
  credentialTags: target => target.credentialTags,
  credentialType: target => [target.credentialType],
  credentialCriticality: target => [target.criticality],
}

const fieldNames: readonly (keyof Criteria)[] = [
  'deviceName',
  'deviceAddress',
  'deviceTags',
  'deviceType',
  'deviceSite',
  'credentialUsername',
  'credentialTags',
  'credentialType',
  'credentialCriticality',
]

/** Parses every field once; refuses what is not in the grammar. */
export const compileCriteria = (criteria: Criteria): CompiledCriteria => {
  const compile = (field: keyof Criteria): Pattern[] =>
    parsePatterns(criteria[field], field === 'credentialUsername')
  return {
    deviceName: compile('deviceName'),
    deviceAddress: compile('deviceAddress'),
    deviceTags: compile('deviceTags'),
    deviceType: compile('deviceType'),
    deviceSite: compile('deviceSite'),
    credentialUsername: compile('credentialUsername'),
    credentialTags: compile('credentialTags'),
    credentialType: compile('credentialType'),
    credentialCriticality: compile('credentialCriticality'),
  }
}

/** Fields are combined with AND, a field's items with OR; of several tags one that matches is enough. */
export const criteriaMatch = (criteria: CompiledCriteria, target: Target, userName: string): boolean => {
  return fieldNames.every(field => {
    const patterns = criteria[field]
    if (patterns.length === 0) return true
    return criteriaFields[field](target).some(value => matchesAny(patterns, value, userName))
  })
}

/** Things worth a second look before the criteria are saved. */
export const criteriaWarnings = (criteria: CompiledCriteria): string[] => {
  const warnings: string[] = []
  if (criteria.credentialUsername.some(maskIsOpen)) {
    warnings.push(
      'the user name mask stands beside a wildcard: it also matches other people’s accounts ("ann" is in "joanna")',
    )
  }
  if (fieldNames.every(field => criteria[field].length === 0)) {
    warnings.push('no criterion is set: the group matches every credential on every device')
  }
  return warnings
}
