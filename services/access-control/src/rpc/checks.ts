import { isUuid } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Reason } from '@sallyport/errors/reasons'
import type { Permission } from '@sallyport/identity/permissions'
import type { Call } from '@sallyport/rpc/call'

/** An id that is none cannot exist: it is answered like one that does not. */
export const checkedId = (id: string, reason: Reason): string => {
  if (!isUuid(id)) throw new SallyportError(reason)
  return id
}

export const checkedIds = (ids: readonly string[], reason: Reason): string[] => [
  ...new Set(ids.map(id => checkedId(id, reason))),
]

export const checkVersion = (row: { version: number }, version: number): void => {
  if (row.version !== version) throw new SallyportError('version.conflict')
}

/** One row, or somebody was faster. */
export const checkChanged = ({ count }: { count: number }): void => {
  if (count !== 1) throw new SallyportError('version.conflict')
}

export const checkPerson = ({ caller }: Call): void => {
  if (caller.kind !== 'person') throw new SallyportError('login.person_needed')
}

export const checkPermission = ({ caller }: Call, permission: Permission): void => {
  if (!caller.permissions.has(permission)) {
    throw new SallyportError('caller.not_allowed', undefined, { metadata: { permission } })
  }
}

/** A name for people: one line without control characters, and not only spaces. */
export const checkedName = (text: string, what = 'name'): string => {
  if (text !== text.trim() || text === '' || text.length > 100 || /\p{C}/u.test(text)) {
    throw new SallyportError(
      'request.invalid',
      `the ${what} has 1 to 100 printable characters without spaces around`,
    )
  }
  return text
}

export const checkedText = (text: string, what: string, max = 2000): string => {
  if (text.length > max || /[^\P{C}\n\t]/u.test(text)) {
    throw new SallyportError('request.invalid', `the ${what} has at most ${max} printable characters`)
  }
  return text
}
