import type { ListAttemptsRequest, ListAttemptsResponse } from '@sallyport/contracts/execution/v1/execution'
import { pageOf, pageQuery } from '@sallyport/database/page'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Attempt } from '../generated/prisma/client.ts'
import type { Store } from '../store/store.ts'
import { existingId } from './checks.ts'
import { findOperation } from './operation-message.ts'

type Deps = { store: Store }

export const listAttempts =
  ({ store }: Deps) =>
  async (request: ListAttemptsRequest, call: Call): Promise<ListAttemptsResponse> => {
    const operationId = existingId(request.operationId, 'operation.not_found')
    const page = pageQuery(request.page, 1)
    const after = numberOf(page.after?.[0] ?? '0')
    const rows = await store.inTenant(call.caller.tenantId, async tx => {
      await findOperation(tx, operationId)
      return tx.attempt.findMany({
        where: { operationId, number: { gt: after } },
        orderBy: { number: 'asc' },
        take: page.size + 1,
      })
    })
    const { items, nextCursor } = pageOf(rows, page, ({ number }) => [String(number)])
    return { attempts: items.map(attemptMessage), page: { nextCursor } }
  }

const numberOf = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new SallyportError('cursor.invalid')
  return Number(text)
}

const attemptMessage = (row: Attempt) => ({
  id: row.id,
  number: row.number,
  startedAt: row.startedAt,
  endedAt: row.endedAt ?? undefined,
  succeeded: row.succeeded,
  errorCode: row.errorCode,
  message: row.message,
  step: row.step,
  log: row.log,
})
