import type { Actor, Subject } from '@sallyport/contracts/events/v1/audit'

export type OcsfValue = string | number | boolean | OcsfObject | readonly OcsfObject[]
export type OcsfObject = { readonly [key: string]: OcsfValue }

const isEmpty = (value: OcsfValue): boolean =>
  value === '' || (typeof value === 'object' && Object.keys(value).length === 0)

/** Without what is empty: OCSF has no nulls, and an absent fact is an absent attribute. */
export const filled = (object: { readonly [key: string]: OcsfValue | undefined }): OcsfObject => {
  const kept: Record<string, OcsfValue> = {}
  for (const key in object) {
    const value = object[key]
    if (value !== undefined && !isEmpty(value)) kept[key] = value
  }
  return kept
}

// OCSF user.type_id: 1 user, 3 system, 99 other.
const userTypes: Readonly<Record<string, number>> = { user: 1, service: 3 }

/** A user is named, or it is "unknown": OCSF wants a uid or a name. */
export const userOf = (kind: string, uid: string, name: string): OcsfObject =>
  filled({ uid, name: name || (uid ? '' : 'unknown'), type_id: userTypes[kind] ?? 99 })

/** Where the actor was; a service acts from where it runs. */
export const endpointOf = ({ sourceAddress }: Actor, service: string): OcsfObject =>
  sourceAddress ? { ip: sourceAddress } : { name: service || 'unknown' }

/** The target as resource, entity or table; "none" where an event has no target but OCSF wants one. */
export const resourceOf = ({ kind, id, name }: Subject): OcsfObject =>
  filled({ uid: id, name: name || (id ? '' : 'none'), type: kind })
