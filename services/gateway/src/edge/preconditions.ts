import type { IncomingHttpHeaders } from 'node:http'
import { SallyportError } from '@sallyport/errors/error'
import type { RouteRow } from '../http/route-row.ts'
import { invalidFields } from './validation.ts'

const maxVersion = 2_147_483_647

/** A strong entity tag (RFC 9110, section 8.8.3) of a version. */
export const etagOf = (version: number): string => `"${version}"`

/** The version that the client saw, where the row asks for it. */
export const expectedVersion = (row: RouteRow, headers: IncomingHttpHeaders): number => {
  if (!row.ifMatch) return 0
  const tag = headers['if-match']
  if (tag === undefined) {
    if (row.ifMatch === 'or-none' && headers['if-none-match'] === '*') return 0
    throw new SallyportError('request.version_required')
  }
  const version = Number(/^"([1-9]\d{0,9})"$/.exec(tag)?.[1])
  if (version <= maxVersion) return version
  throw invalidFields({ field: 'header.if-match', message: 'must be the ETag of the object, such as "3"' })
}

/** The Idempotency-Key, which the service that owns the object keeps and compares. */
export const idempotencyKeyOf = (headers: IncomingHttpHeaders): string | undefined => {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && /^[\x21-\x7e]{1,128}$/.test(key)) return key
  throw invalidFields({
    field: 'header.idempotency-key',
    message: 'must be 1 to 128 visible ASCII characters',
  })
}
