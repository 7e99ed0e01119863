import type {
  ListOperationsRequest,
  ListOperationsResponse,
} from '@sallyport/contracts/execution/v1/execution'
import { pageOf, pageQuery } from '@sallyport/database/page'
import { isUuid } from '@sallyport/database/uuid-v7'
import type { Call } from '@sallyport/rpc/call'
import type { Store } from '../store/store.ts'
import { existingId } from './checks.ts'
import { operationMessage, stateFilter } from './operation-message.ts'

type Deps = { store: Store }

/** Newest first. */
export const listOperations =
  ({ store }: Deps) =>
  async (request: ListOperationsRequest, call: Call): Promise<ListOperationsResponse> => {
    const page = pageQuery(request.page, 1)
    const before = page.after?.[0] === undefined ? undefined : existingId(page.after[0], 'cursor.invalid')
    const state = stateFilter(request.state)
    const { credentialId } = request
    if (credentialId !== '' && !isUuid(credentialId)) return { operations: [], page: { nextCursor: '' } }
    const rows = await store.inTenant(call.caller.tenantId, tx =>
      tx.operation.findMany({
        where: {
          ...(before !== undefined && { id: { lt: before } }),
          ...(state !== undefined && { state }),
          ...(credentialId !== '' && { credentialId }),
        },
        orderBy: { id: 'desc' },
        take: page.size + 1,
      }),
    )
    const { items, nextCursor } = pageOf(rows, page, ({ id }) => [id])
    return { operations: items.map(operationMessage), page: { nextCursor } }
  }
