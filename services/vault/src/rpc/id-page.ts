import type { PageRequest } from '@sallyport/contracts/common/v1/page'
import { type PageQuery, pageQuery } from '@sallyport/database/page'
import { isUuid } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'

/** A page of a list that is ordered by id. Throws `request.invalid` or `cursor.invalid`. */
export const idPage = (request: PageRequest | undefined): PageQuery & { afterId: string | undefined } => {
  const page = idsPage(request, 1)
  return { ...page, afterId: page.after?.[0] }
}

/** The same for a list that is ordered by several ids. */
export const idsPage = (request: PageRequest | undefined, count: number): PageQuery => {
  const page = pageQuery(request, count)
  if (page.after !== undefined && !page.after.every(isUuid)) throw new SallyportError('cursor.invalid')
  return page
}
