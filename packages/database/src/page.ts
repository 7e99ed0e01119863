import { SallyportError } from '@sallyport/errors/error'

export const defaultPageSize = 50
export const maxPageSize = 200

type PageRequest = { readonly size: number; readonly cursor: string } | undefined

/** A page that was asked for, checked: how many rows, and after which keys (none: from the start). */
export type PageQuery = { readonly size: number; readonly after: readonly string[] | undefined }

/**
 * Reads a page request.
 * @param keyCount how many key columns the list is ordered by
 * @throws SallyportError `request.invalid` for a size out of 0..200, `cursor.invalid` for a foreign cursor
 */
export const pageQuery = (page: PageRequest, keyCount: number): PageQuery => {
  const size = page?.size || defaultPageSize
  if (size < 1 || size > maxPageSize) {
    throw new SallyportError('request.invalid', `A page has 1 to ${maxPageSize} items`)
  }
  return { size, after: page?.cursor ? decodeCursor(page.cursor, keyCount) : undefined }
}

/**
 * Cuts a list that was read with one row more than asked for, and makes the next cursor of the last row's keys.
 * The one more row only tells that there is a next page.
 */
export const pageOf = <T>(
  rows: readonly T[],
  { size }: PageQuery,
  keysOf: (row: T) => readonly string[],
): { items: T[]; nextCursor: string } => {
  const items = rows.slice(0, size)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > size && last !== undefined ? encodeCursor(keysOf(last)) : '' }
}

/** An opaque keyset cursor: the last row's keys. It is not secret, and nothing relies on its being ours. */
export const encodeCursor = (keys: readonly string[]): string =>
  Buffer.from(JSON.stringify(keys)).toString('base64url')

export const decodeCursor = (cursor: string, keyCount: number): readonly string[] => {
  const keys = parse(cursor)
  if (!Array.isArray(keys) || keys.length !== keyCount || !keys.every(isKey)) {
    throw new SallyportError('cursor.invalid')
  }
  return keys
}

const isKey = (key: unknown): key is string =>
  typeof key === 'string' && key.length <= 1_024 && !key.includes('\0')

const parse = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
