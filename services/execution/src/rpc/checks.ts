import { isUuid } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Reason } from '@sallyport/errors/reasons'

/** An id that is none names nothing, so it is answered as one that does not exist. */
export const existingId = (id: string, missing: Reason): string => {
  if (!isUuid(id)) throw new SallyportError(missing)
  return id
}

export const checkVersion = (given: number, actual: number): void => {
  if (given !== actual) throw new SallyportError('version.conflict')
}

export const shortText = (value: string, field: string, most: number, least = 0): string => {
  const text = value.trim()
  if (text.length < least || text.length > most || /\p{Cc}/u.test(text)) {
    throw new SallyportError('request.invalid', `${field} must have ${least} to ${most} printable characters`)
  }
  return text
}
