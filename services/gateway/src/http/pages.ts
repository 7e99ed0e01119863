import type { Page, PageRequest } from '@sallyport/contracts/common/v1/page'
import { z } from 'zod'
import { wholeText } from './fields.ts'
import { textOf } from './wire.ts'

type PageQuery = {
  limit: z.ZodOptional<z.ZodType<number, string>>
  cursor: z.ZodOptional<z.ZodString>
}

/** The query of every list. */
export const pageQuery: PageQuery = {
  limit: wholeText(1, 200).optional(),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_.=-]{1,4096}$/)
    .optional(),
}

/** The query of a list that has no filters. */
export const onlyPage: z.ZodObject<PageQuery> = z.strictObject(pageQuery)

export const pageRequest = (query: {
  limit?: number | undefined
  cursor?: string | undefined
}): PageRequest => ({
  size: query.limit ?? 0,
  cursor: query.cursor ?? '',
})

type PageReply<T extends z.ZodType> = z.ZodObject<{
  items: z.ZodArray<T>
  nextCursor: z.ZodNullable<z.ZodString>
}>

/** The schema of one page of a list. */
export const pageOf = <T extends z.ZodType>(item: T): PageReply<T> =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable().describe('null on the last page') })

export const pageReply = <M, T>(
  messages: readonly M[],
  page: Page | undefined,
  toJson: (message: M) => T,
): { items: T[]; nextCursor: string | null } => ({
  items: messages.map(toJson),
  nextCursor: textOf(page?.nextCursor ?? ''),
})
