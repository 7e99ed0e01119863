import type { ListTemplatesRequest, ListTemplatesResponse } from '@sallyport/contracts/execution/v1/execution'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import { builtInTemplates } from '../domain/template/built-in.ts'
import type { Store } from '../store/store.ts'
import { existingId } from './checks.ts'
import { builtInMessage, sourceOf, templateMessage } from './template-message.ts'

type Deps = { store: Store }

/** Built-in ones come first: their ids sort before every other. */
export const listTemplates =
  ({ store }: Deps) =>
  (request: ListTemplatesRequest, call: Call): Promise<ListTemplatesResponse> => {
    const page = pageQuery(request.page, 1)
    const after = page.after?.[0] === undefined ? '' : existingId(page.after[0], 'cursor.invalid')
    return store.inTenant(call.caller.tenantId, async tx => {
      const builtIn = builtInTemplates.filter(({ id }) => id > after).map(builtInMessage)
      const rows = await tx.template.findMany({
        where: after === '' ? {} : { id: { gt: after } },
        orderBy: { id: 'asc' },
        take: page.size + 1,
      })
      const own = await Promise.all(rows.map(async row => templateMessage(row, await sourceOf(tx, row))))
      const { items, nextCursor } = pageOf([...builtIn, ...own], page, ({ id }) => [id])
      return { templates: items, page: { nextCursor } }
    })
  }
