import type { PageQuery } from '@sallyport/database/page'
import { SallyportError } from '@sallyport/errors/error'
import { isUuid } from '@sallyport/database/uuid-v7'

/** Lists by id, newest first: ids are UUIDv7, so their order is that of time. */
export const before = ({ after }: PageQuery): { id?: { lt: string } } => {
  const [id] = after ?? []
  if (id === undefined) return {}
  if (!isUuid(id)) throw new SallyportError('cursor.invalid')
  return { id: { lt: id } }
}

/** One row more than asked for tells whether there is a next page. */
export const take = ({ size }: PageQuery): { take: number; orderBy: { id: 'desc' } } => ({
  take: size + 1,
  orderBy: { id: 'desc' },
})
